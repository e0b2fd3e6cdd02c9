/** NRRD, attached (.nrrd) or with its voxels in another file (.nhdr). */
import { ImageFormatError, UnsupportedError } from '../../errors.js';
import type { ImageFormat } from '../format.js';
import type { ImageHeader } from '../image.js';
import { MAXIMUM_TEXT_HEADER, type VoxelStore, withVoxels } from '../text/text-header.js';
import { bytesOf, type VoxelType } from '../voxels.js';
import { isNrrd, type NrrdFields, readFields } from './fields.js';
import { geometryOf } from './geometry.js';
import { encodings, voxelTypes } from './types.js';
import { geometryFields, writeNrrd } from './write.js';

function typeOf({ fields }: NrrdFields, file: string): VoxelType {
  const name = fields.get('type')?.toLowerCase() ?? '';
  const type = voxelTypes.get(name);
  if (type) return type;
  if (name === 'block') {
    throw new UnsupportedError({ file, expected: 'numbers as voxels', found: 'the type "block"' });
  }
  const found = `${JSON.stringify(name.slice(0, 40))}: the header is damaged`;
  throw new ImageFormatError({ file, expected: 'a NRRD number type', found });
}

/** A number of lines or bytes to skip. */
function skipOf({ fields }: NrrdFields, key: 'lineskip' | 'byteskip', file: string): number {
  const skip = Number(fields.get(key) ?? 0);
  if (Number.isInteger(skip) && skip >= (key === 'byteskip' ? -1 : 0)) return skip;
  const found = `${JSON.stringify(fields.get(key)?.slice(0, 40))}: the header is damaged`;
  throw new ImageFormatError({ file, expected: `a number as ${key.replace('skip', ' skip')}`, found });
}

function storeOf(header: NrrdFields, type: VoxelType, file: string): VoxelStore {
  const { fields, end } = header;
  const encodingName = fields.get('encoding')?.toLowerCase() ?? '';
  const encoding = encodings.get(encodingName);
  if (encoding === undefined) {
    throw new UnsupportedError({
      file,
      expected: 'the encoding raw, gzip, ascii or hex',
      found: JSON.stringify(encodingName.slice(0, 40)),
      remedy: 'save the image with gzip',
    });
  }
  const dataFile = fields.get('datafile') ?? null;
  if (dataFile === null && end === null) {
    const found = 'none: the file is truncated';
    throw new ImageFormatError({ file, expected: 'voxels after the header', found });
  }
  const byteSkip = skipOf(header, 'byteskip', file);
  if (byteSkip < 0 && encoding !== 'raw') {
    const found = `encoding ${encodingName}`;
    throw new UnsupportedError({ file, expected: 'raw voxels where byte skip is -1', found });
  }
  const endian = fields.get('endian')?.toLowerCase();
  const isNumeric = encoding === 'text' || bytesOf(type) === 1;
  if (!isNumeric && endian !== 'little' && endian !== 'big') {
    const found = endian === undefined ? 'none' : JSON.stringify(endian.slice(0, 40));
    throw new ImageFormatError({ file, expected: `an endian, "little" or "big", for ${type}`, found });
  }
  return {
    ...{ encoding, dataFile, littleEndian: endian !== 'big', from: dataFile === null ? end! : 0 },
    ...{ lineSkip: skipOf(header, 'lineskip', file), byteSkip: byteSkip < 0 ? null : byteSkip },
  };
}

export const nrrd: ImageFormat = {
  name: 'NRRD',
  endings: ['.seg.nrrd', '.seg.nhdr', '.nrrd', '.nhdr'],
  voxelEndings: [],
  result: { ending: 'nrrd', mask: 'seg.nrrd' },
  recognises: isNrrd,
  readHeader: async (file, inflate) => {
    const fields = readFields(await file.start(MAXIMUM_TEXT_HEADER), file.name);
    const type = typeOf(fields, file.name);
    const store = storeOf(fields, type, file.name);
    const { grid, affineSource, remarks, hasOtherAxes } = geometryOf(fields, file.name);
    const source = hasOtherAxes ? null : geometryFields(fields.fields);
    const header: ImageHeader = { format: 'NRRD', grid, type, affineSource, remarks, source };
    return await withVoxels(file, header, store, inflate);
  },
  write: writeNrrd,
};
