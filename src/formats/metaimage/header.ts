/** The text header of a MetaImage file (itk.org/Wiki/ITK/MetaIO). */
import { ImageFormatError, UnsupportedError } from '../../errors.js';
import { describeForeign } from '../foreign.js';
import { latin1, MAXIMUM_TEXT_HEADER, type VoxelStore } from '../text/text-header.js';
import type { VoxelType } from '../voxels.js';

const voxelTypes: ReadonlyMap<string, VoxelType> = new Map([
  ['MET_CHAR', 'int8'],
  ['MET_UCHAR', 'uint8'],
  ['MET_SHORT', 'int16'],
  ['MET_USHORT', 'uint16'],
  ['MET_INT', 'int32'],
  ['MET_UINT', 'uint32'],
  // MET_LONG has 4 bytes in every MetaIO file, whatever the machine.
  ['MET_LONG', 'int32'],
  ['MET_ULONG', 'uint32'],
  ['MET_LONG_LONG', 'int64'],
  ['MET_ULONG_LONG', 'uint64'],
  ['MET_FLOAT', 'float32'],
  ['MET_DOUBLE', 'float64'],
]);

export interface MetaImageFields {
  readonly fields: ReadonlyMap<string, string>;
  /** First byte after the header. */
  readonly end: number;
}

export function isMetaImage(start: Uint8Array): boolean {
  return /^\s*(ObjectType|NDims|Comment)\s*=/.test(latin1(start.subarray(0, 64)));
}

/**
 * Lines `Key = Value`; the one that says where the voxels are is the last.
 * @throws {ImageFormatError} if the file is foreign, or that line is missing
 */
export function readFields(start: Uint8Array, file: string): MetaImageFields {
  const text = latin1(start);
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
  throw new ImageFormatError({
    file,
    expected: `a MetaImage header of at most ${MAXIMUM_TEXT_HEADER} bytes that ends with ElementDataFile`,
    found: fields.size > 0 ? 'no ElementDataFile' : describeForeign(start),
  });
}

const isTrue = (value: string | undefined) => /^(true|t|1|yes|y)$/i.test(value ?? '');

/** The stored number type. */
export function typeOf({ fields }: MetaImageFields, file: string): VoxelType {
  const name = fields.get('ElementType') ?? '';
  const channels = fields.get('ElementNumberOfChannels') ?? '1';
  if (channels !== '1' || /_ARRAY$/.test(name)) {
    const found = `${channels.slice(0, 40)} channels of ${name.slice(0, 40)}`;
    throw new UnsupportedError({ file, expected: 'one number a voxel', found });
  }
  const type = voxelTypes.get(name);
  if (type) return type;
  const found = `${JSON.stringify(name.slice(0, 40))}: the header is damaged`;
  throw new ImageFormatError({ file, expected: 'a MetaImage number type', found });
}

/** Where and how the voxels are kept. The size of compressed ones need not be told: the stream ends by itself. */
export function storeOf({ fields, end }: MetaImageFields, file: string): VoxelStore {
  const isText = fields.has('BinaryData') && !isTrue(fields.get('BinaryData'));
  const encoding = isTrue(fields.get('CompressedData')) ? 'deflate' : isText ? 'text' : 'raw';
  const where = fields.get('ElementDataFile')!;
  const dataFile = /^local$/i.test(where) ? null : where;
  const skip = Number(fields.get('HeaderSize') ?? 0);
  if (!Number.isInteger(skip) || (skip < 0 && encoding !== 'raw')) {
    const found = `${JSON.stringify(fields.get('HeaderSize')?.slice(0, 40))}`;
    throw new ImageFormatError({ file, expected: 'a HeaderSize that fits the voxels', found });
  }
  return {
    ...{ encoding, dataFile, lineSkip: 0 },
    littleEndian: !isTrue(fields.get('BinaryDataByteOrderMSB') ?? fields.get('ElementByteOrderMSB')),
    // A HeaderSize counts from the start of the file; a negative one means that the voxels end it.
    from: skip > 0 ? skip : dataFile === null ? end : 0,
    byteSkip: skip < 0 ? null : 0,
  };
}
