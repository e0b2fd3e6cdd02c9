/** Where NIfTI-1 and NIfTI-2 keep their header fields, so that reader and writer touch only the bytes they mean. */

export type NiftiFormat = 'nifti1' | 'nifti2';

/** Header bytes and how to read them. */
export interface HeaderBytes {
  readonly format: NiftiFormat;
  readonly littleEndian: boolean;
  readonly bytes: Uint8Array;
}

type FieldType = 'u8' | 'i16' | 'i32' | 'i64' | 'f32' | 'f64';
/** Type, byte offset, number of elements. */
type Field = readonly [type: FieldType, offset: number, count: number];

/** Bytes of the header proper; the four-byte extension flag follows. */
export const headerLength: Readonly<Record<NiftiFormat, number>> = { nifti1: 348, nifti2: 540 };

/** Byte offset of the voxels in a single file without extensions. */
export const firstVoxelOffset: Readonly<Record<NiftiFormat, number>> = { nifti1: 352, nifti2: 544 };

/** The magic string of a single file. */
export const singleFileMagic: Readonly<Record<NiftiFormat, readonly number[]>> = {
  nifti1: [0x6e, 0x2b, 0x31, 0],
  nifti2: [0x6e, 0x2b, 0x32, 0, 0x0d, 0x0a, 0x1a, 0x0a],
};

/** nifti1.h (nifti.nimh.nih.gov/pub/dist/src/niftilib), fields that Candor reads or writes. */
const nifti1 = {
  sizeof_hdr: ['i32', 0, 1],
  dim: ['i16', 40, 8],
  intent_p: ['f32', 56, 3],
  intent_code: ['i16', 68, 1],
  datatype: ['i16', 70, 1],
  bitpix: ['i16', 72, 1],
  pixdim: ['f32', 76, 8],
  vox_offset: ['f32', 108, 1],
  scl_slope: ['f32', 112, 1],
  scl_inter: ['f32', 116, 1],
  xyzt_units: ['u8', 123, 1],
  cal_max: ['f32', 124, 1],
  cal_min: ['f32', 128, 1],
  descrip: ['u8', 148, 80],
  qform_code: ['i16', 252, 1],
  sform_code: ['i16', 254, 1],
  quatern: ['f32', 256, 3],
  qoffset: ['f32', 268, 3],
  srow: ['f32', 280, 12],
  intent_name: ['u8', 328, 16],
  magic: ['u8', 344, 4],
} satisfies Record<string, Field>;

export type FieldName = keyof typeof nifti1;

/** nifti2.h: the same fields, wider and in another order. */
const nifti2: Readonly<Record<FieldName, Field>> = {
  sizeof_hdr: ['i32', 0, 1],
  magic: ['u8', 4, 8],
  datatype: ['i16', 12, 1],
  bitpix: ['i16', 14, 1],
  dim: ['i64', 16, 8],
  intent_p: ['f64', 80, 3],
  pixdim: ['f64', 104, 8],
  vox_offset: ['i64', 168, 1],
  scl_slope: ['f64', 176, 1],
  scl_inter: ['f64', 184, 1],
  cal_max: ['f64', 192, 1],
  cal_min: ['f64', 200, 1],
  descrip: ['u8', 240, 80],
  qform_code: ['i32', 344, 1],
  sform_code: ['i32', 348, 1],
  quatern: ['f64', 352, 3],
  qoffset: ['f64', 376, 3],
  srow: ['f64', 400, 12],
  xyzt_units: ['i32', 500, 1],
  intent_code: ['i32', 504, 1],
  intent_name: ['u8', 508, 16],
};

const layouts: Readonly<Record<NiftiFormat, Readonly<Record<FieldName, Field>>>> = { nifti1, nifti2 };

const elementBytes: Readonly<Record<FieldType, number>> = { u8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8 };

const getters: Readonly<Record<FieldType, (view: DataView, at: number, little: boolean) => number>> = {
  u8: (view, at) => view.getUint8(at),
  i16: (view, at, little) => view.getInt16(at, little),
  i32: (view, at, little) => view.getInt32(at, little),
  i64: (view, at, little) => Number(view.getBigInt64(at, little)),
  f32: (view, at, little) => view.getFloat32(at, little),
  f64: (view, at, little) => view.getFloat64(at, little),
};

const setters: Readonly<Record<FieldType, (view: DataView, at: number, value: number, little: boolean) => void>> = {
  u8: (view, at, value) => view.setUint8(at, value),
  i16: (view, at, value, little) => view.setInt16(at, value, little),
  i32: (view, at, value, little) => view.setInt32(at, value, little),
  i64: (view, at, value, little) => view.setBigInt64(at, BigInt(value), little),
  f32: (view, at, value, little) => view.setFloat32(at, value, little),
  f64: (view, at, value, little) => view.setFloat64(at, value, little),
};

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** All elements of a field as numbers (64-bit integers are rounded to the nearest double). */
export function readField(header: HeaderBytes, name: FieldName): number[] {
  const [type, offset, count] = layouts[header.format][name];
  const view = viewOf(header.bytes);
  return Array.from({ length: count }, (_, i) =>
    getters[type](view, offset + i * elementBytes[type], header.littleEndian),
  );
}

/** The first element of a field. */
export function readNumber(header: HeaderBytes, name: FieldName): number {
  return readField(header, name)[0];
}

/** Write a field in place; missing elements become 0. */
export function writeField(header: HeaderBytes, name: FieldName, values: ArrayLike<number>): void {
  const [type, offset, count] = layouts[header.format][name];
  const view = viewOf(header.bytes);
  for (let i = 0; i < count; i++) {
    setters[type](view, offset + i * elementBytes[type], values[i] ?? 0, header.littleEndian);
  }
}
