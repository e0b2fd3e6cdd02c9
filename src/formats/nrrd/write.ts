/** Results as NRRD: with the image's own lines of geometry where it is a NRRD image, else with those of its grid. */
import type { ImageFormat, ResultKind, ResultValues } from '../format.js';
import type { ImageHeader } from '../image.js';
import { slicerFields } from '../label-names.js';
import { lpsOf } from '../lps.js';
import { mapsOf, storedParts } from '../result-parts.js';
import { joined, latin1Bytes } from '../text/write-text.js';
import { hostIsLittleEndian } from '../voxels.js';

/** Fields that say where voxels lie, by the names that `readFields` gives them, as they are written. */
const names: ReadonlyMap<string, string> = new Map(
  [
    ...['space', 'space dimension', 'space units', 'space origin', 'space directions', 'measurement frame'],
    ...['spacings', 'axis mins', 'axis maxs', 'centers', 'centerings', 'kinds', 'units'],
  ].map((name) => [name.replaceAll(' ', ''), name]),
);

/** The lines of a header that a result on its grid keeps, in their order. */
export function geometryFields(fields: ReadonlyMap<string, string>): readonly string[] {
  return [...fields].flatMap(([key, value]) => (names.has(key) ? [`${names.get(key)}: ${value}`] : []));
}

const vector = (values: readonly number[]) => `(${values.map((value) => `${value}`).join(',')})`;

/** @param isSeries with a fourth axis, which holds no space: the image's own lines know none */
function geometryLines({ format, source, grid }: ImageHeader, isSeries: boolean): readonly string[] {
  if (format === 'NRRD' && source !== null && !isSeries) return source as readonly string[];
  const { axes, origin } = lpsOf(grid.affine);
  return [
    'space: left-posterior-superior',
    `space directions: ${axes.map(vector).join(' ')}${isSeries ? ' none' : ''}`,
    `kinds: domain domain domain${isSeries ? ' list' : ''}`,
    `space origin: ${vector(origin)}`,
  ];
}

/** Backslashes and line ends are escaped in values (NRRD format, "key/value pairs"). */
const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function keyValues(values: ResultValues, { grid }: ImageHeader, what: ResultKind): Map<string, string> {
  if (what.kind === 'map') return new Map([['Description', what.description]]);
  return slicerFields(values as Uint8Array, grid.size, what.names);
}

export const writeNrrd: ImageFormat['write'] = async (values, header, what, deflate) => {
  const maps = mapsOf(values);
  const geometry = geometryLines(header, maps !== null);
  const frame = geometry.some((line) => line.startsWith('measurement frame'));
  const fields = [
    `NRRD000${frame ? 5 : 4}`,
    `type: ${values instanceof Uint8Array ? 'unsigned char' : 'float'}`,
    `dimension: ${maps ? 4 : 3}`,
    `sizes: ${[...header.grid.size, ...(maps ? [maps.length] : [])].join(' ')}`,
    ...geometry,
    'encoding: gzip',
    ...(values instanceof Uint8Array ? [] : [`endian: ${hostIsLittleEndian ? 'little' : 'big'}`]),
  ];
  const pairs = [...keyValues(values, header, what)].map(([key, value]) => `${key}:=${escaped(value)}\n`).join('');
  const packed = await deflate(storedParts(values, header.grid.size), 'gzip');
  return joined([latin1Bytes(`${fields.join('\n')}\n`), new TextEncoder().encode(`${pairs}\n`), packed]);
};
