/** The text header of a MetaImage file (itk.org/Wiki/ITK/MetaIO), as far as it must be known before ITK reads. */
import { ImageFormatError, UnsupportedError } from '../../errors.js';
import { checkDeclared, type DeclaredImage, latin1, MAXIMUM_TEXT_HEADER } from '../declared.js';

const bytesOfType: ReadonlyMap<string, number> = new Map([
  ...['MET_CHAR', 'MET_UCHAR'].map((type) => [type, 1] as const),
  ...['MET_SHORT', 'MET_USHORT'].map((type) => [type, 2] as const),
  // MET_LONG has 4 bytes in every MetaIO file, whatever the machine.
  ...['MET_INT', 'MET_UINT', 'MET_LONG', 'MET_ULONG', 'MET_FLOAT'].map((type) => [type, 4] as const),
  ...['MET_LONG_LONG', 'MET_ULONG_LONG', 'MET_DOUBLE'].map((type) => [type, 8] as const),
]);

/** Lines `Key = Value`; the one that says where the voxels are is the last. */
function readFields(text: string, name: string): { fields: ReadonlyMap<string, string>; end: number } {
  const fields = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const [, key, value] = /^\s*(\w[\w[\]]*)\s*=\s*(.*?)\s*$/.exec(text.slice(at, end)) ?? [];
    // MetaImages begin with a field; anything else is another kind of file.
    if (key === undefined && at === 0) break;
    at = end + 1;
    if (key !== undefined) fields.set(key, value);
    if (key === 'ElementDataFile') return { fields, end: at };
  }
  const found = fields.size > 0 ? 'no ElementDataFile' : `a file that begins with ${JSON.stringify(text.slice(0, 8))}`;
  throw new ImageFormatError(
    `${name}: expected a MetaImage header of at most ${MAXIMUM_TEXT_HEADER} bytes that ends with ElementDataFile, found ${found}.`,
  );
}

const isTrue = (value: string | undefined) => /^(true|t|1|yes|y)$/i.test(value ?? '');

/**
 * What a MetaImage header declares.
 * @param start the file, or its first {@link MAXIMUM_TEXT_HEADER} bytes
 * @throws {ImageFormatError} if it is foreign or damaged
 * @throws {UnsupportedError} if it is valid but not a 3D image of single numbers in one file
 */
export function decodeMetaImageHeader(start: Uint8Array, name: string): DeclaredImage {
  const { fields, end } = readFields(latin1(start), name);
  const type = fields.get('ElementType') ?? '';
  const bytesPerVoxel = bytesOfType.get(type);
  const channels = fields.get('ElementNumberOfChannels') ?? '1';
  if (channels !== '1' || /_ARRAY$/.test(type)) {
    throw new UnsupportedError(
      `${name}: expected one number a voxel, found ${channels.slice(0, 40)} channels of ${type.slice(0, 40)}.`,
    );
  }
  if (bytesPerVoxel === undefined) {
    throw new ImageFormatError(
      `${name}: expected a MetaImage number type, found ${JSON.stringify(type.slice(0, 40))}: the header is damaged.`,
    );
  }
  const encoding = isTrue(fields.get('CompressedData'))
    ? 'deflate'
    : fields.has('BinaryData') && !isTrue(fields.get('BinaryData'))
      ? 'text'
      : 'raw';
  const where = fields.get('ElementDataFile')!;
  const dataFile = /^local$/i.test(where) ? null : where;
  const skip = Number(fields.get('HeaderSize') ?? 0);
  return checkDeclared(
    {
      ...{ rank: fields.get('NDims'), sizes: fields.get('DimSize'), bytesPerVoxel, encoding, dataFile },
      // A negative HeaderSize means that the voxels end the file.
      from: skip < 0 ? null : skip > 0 ? skip : dataFile === null ? end : 0,
    },
    name,
  );
}
