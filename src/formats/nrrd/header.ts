/** The text header of a NRRD file (teem.sourceforge.net/nrrd/format.html), as far as it must be known before ITK reads. */
import { GeometryError, ImageFormatError, UnsupportedError } from '../../errors.js';
import { checkDeclared, type DeclaredImage, type Encoding, latin1, MAXIMUM_TEXT_HEADER } from '../declared.js';

const bytesOfType: ReadonlyMap<string, number> = new Map(
  Object.entries({
    1: ['signed char', 'int8', 'int8_t', 'uchar', 'unsigned char', 'uint8', 'uint8_t'],
    2: [
      ...['short', 'short int', 'signed short', 'signed short int', 'int16', 'int16_t'],
      ...['ushort', 'unsigned short', 'unsigned short int', 'uint16', 'uint16_t'],
    ],
    4: ['int', 'signed int', 'int32', 'int32_t', 'uint', 'unsigned int', 'uint32', 'uint32_t', 'float'],
    8: [
      ...['longlong', 'long long', 'long long int', 'signed long long', 'signed long long int', 'int64', 'int64_t'],
      ...['ulonglong', 'unsigned long long', 'unsigned long long int', 'uint64', 'uint64_t', 'double'],
    ],
  }).flatMap(([bytes, names]) => names.map((name) => [name, Number(bytes)] as const)),
);

const encodings: ReadonlyMap<string, Encoding> = new Map([
  ['raw', 'raw'],
  ['gzip', 'deflate'],
  ['gz', 'deflate'],
  ['ascii', 'text'],
  ['text', 'text'],
  ['txt', 'text'],
  ['hex', 'hex'],
]);

/**
 * Spaces that ITK turns to LPS. Of others it would silently take the axes as they are, and the WebAssembly build leaves
 * the origin of left-anterior-superior images unturned.
 */
const anatomicalSpaces = new Set(['left-posterior-superior', 'right-anterior-superior', 'lps', 'ras']);

/** Field lines up to the blank line that ends the header, keys in lower case; key/value pairs (`:=`) are not fields. */
function readFields(text: string, name: string): { fields: ReadonlyMap<string, string>; end: number | null } {
  const fields = new Map<string, string>();
  for (let at = text.indexOf('\n') + 1; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end).replace(/\r$/, '');
    at = end + 1;
    if (line === '') return { fields, end: at };
    const [, key, value] = /^([^#:][^:]*): (.*)$/.exec(line) ?? [];
    if (key !== undefined) fields.set(key.trim().toLowerCase(), value.trim());
  }
  if (text.length >= MAXIMUM_TEXT_HEADER) {
    throw new ImageFormatError(
      `${name}: expected a NRRD header of at most ${MAXIMUM_TEXT_HEADER} bytes, found no blank line that ends it.`,
    );
  }
  return { fields, end: null };
}

/** First byte of attached voxels; null where skips make it unknown. */
function firstByte(fields: ReadonlyMap<string, string>, headerEnd: number): number | null {
  const lineSkip = Number(fields.get('line skip') ?? fields.get('lineskip') ?? 0);
  const byteSkip = Number(fields.get('byte skip') ?? fields.get('byteskip') ?? 0);
  return lineSkip === 0 && byteSkip >= 0 ? headerEnd + byteSkip : null;
}

/**
 * What a NRRD header declares.
 * @param start the file, or its first {@link MAXIMUM_TEXT_HEADER} bytes
 * @throws {ImageFormatError} if it is foreign or damaged
 * @throws {UnsupportedError} if it is valid but not a 3D image of single numbers in one file
 * @throws {GeometryError} if its space is not that of a patient
 */
export function decodeNrrdHeader(start: Uint8Array, name: string): DeclaredImage {
  const text = latin1(start);
  if (!/^NRRD000[1-5]\r?\n/.test(text)) {
    throw new ImageFormatError(
      `${name}: expected a NRRD image, as its name says, found a file that begins with ${JSON.stringify(text.slice(0, 8))}.`,
    );
  }
  const { fields, end } = readFields(text, name);
  const type = fields.get('type')?.toLowerCase() ?? '';
  const bytesPerVoxel = bytesOfType.get(type);
  if (type === 'block') throw new UnsupportedError(`${name}: expected numbers as voxels, found the type "block".`);
  if (bytesPerVoxel === undefined) {
    throw new ImageFormatError(
      `${name}: expected a NRRD number type, found ${JSON.stringify(type.slice(0, 40))}: the header is damaged.`,
    );
  }
  const encodingName = fields.get('encoding')?.toLowerCase() ?? '';
  const encoding = encodings.get(encodingName);
  if (encoding === undefined) {
    throw new UnsupportedError(
      `${name}: expected the encoding raw, gzip, ascii or hex, found ${JSON.stringify(encodingName.slice(0, 40))}. Save the image with gzip.`,
    );
  }
  const space = fields.get('space')?.toLowerCase();
  if (space !== undefined && !anatomicalSpaces.has(space)) {
    throw new GeometryError(
      `${name}: expected the space left-posterior-superior or right-anterior-superior, found ${JSON.stringify(space.slice(0, 40))}. Save the image in one of these.`,
    );
  }
  const dataFile = fields.get('data file') ?? fields.get('datafile') ?? null;
  if (dataFile === null && end === null) {
    throw new ImageFormatError(`${name}: expected voxels after the header, found none: the file is truncated.`);
  }
  return checkDeclared(
    {
      ...{ rank: fields.get('dimension'), sizes: fields.get('sizes'), bytesPerVoxel, encoding, dataFile },
      from: firstByte(fields, dataFile === null ? end! : 0),
    },
    name,
  );
}
