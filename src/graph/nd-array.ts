/** Plain float64 arrays with a shape: the values of the oracle executor. */
import { elementCount } from './shape.js';

export interface NdArray {
  readonly shape: readonly number[];
  /** Row-major values. */
  readonly data: Float64Array;
}

export function ndArray(shape: readonly number[], data?: ArrayLike<number>): NdArray {
  return { shape, data: data ? Float64Array.from(data) : new Float64Array(elementCount(shape)) };
}

/** Call `visit` with every index of a shape, in row-major order. The index array is reused. */
export function forEachIndex(shape: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const total = elementCount(shape);
  for (let flat = 0; flat < total; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/** Flat position of an index, broadcasting axes of length 1 and missing leading axes. */
export function broadcastOffset(shape: readonly number[], index: readonly number[]): number {
  let offset = 0;
  const shift = index.length - shape.length;
  for (let axis = 0; axis < shape.length; axis++) {
    offset = offset * shape[axis] + (shape[axis] === 1 ? 0 : index[axis + shift]);
  }
  return offset;
}
