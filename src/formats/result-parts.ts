/** Results as formats write them: the bytes of one map, or of several along a fourth axis, made one at a time. */
import type { Vec3 } from '../math/vector.js';
import type { ResultValues } from './format.js';
import { checkVoxelCount } from './size-check.js';
import { hostIsLittleEndian, storedBytes } from './voxels.js';

function isOne(values: ResultValues): values is Uint8Array | Float32Array {
  return ArrayBuffer.isView(values);
}

/**
 * A result's bytes in the host's order, part by part: those of a series are made when they are asked for.
 * @throws {GeometryError} if the number of values is not the grid's
 */
export function* storedParts(values: ResultValues, size: Vec3): Generator<Uint8Array, void, void> {
  if (isOne(values)) {
    checkVoxelCount(values.length, size);
    yield storedBytes(values, hostIsLittleEndian);
    return;
  }
  for (const index of values.names.keys()) {
    const map = values.mapAt(index);
    checkVoxelCount(map.length, size);
    yield storedBytes(map, hostIsLittleEndian);
  }
}

/** Maps along a fourth axis; null of a result that has none. */
export function mapsOf(values: ResultValues): readonly string[] | null {
  return isOne(values) ? null : values.names;
}
