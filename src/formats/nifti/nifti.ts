/** NIfTI-1 and NIfTI-2, plain or gzipped, in one file or as a pair of header and voxels. */
import { ImageFormatError } from '../../errors.js';
import type { ImageFile, ImageFormat, Inflate } from '../format.js';
import { isGzip } from '../gzip-bytes.js';
import { headerLength } from './fields.js';
import { type NiftiLayout, parseHeader, recognise } from './header.js';
import { decodeVoxels } from './voxels.js';
import { writeNifti } from './write.js';

export { createHeader } from './create.js';

/** Enough for a gzipped header, whatever name and comment the gzip file carries. */
const START = 16384;

/** The file's first bytes, inflated where it is gzipped. */
async function plainStart(file: ImageFile, inflate: Inflate): Promise<Uint8Array> {
  const start = await file.start(START);
  if (!isGzip(start)) return start;
  const plain = await inflate(start, headerLength.nifti2, file.name, 'start');
  if (!isGzip(plain)) return plain;
  throw new ImageFormatError({
    file: file.name,
    expected: 'an image that is compressed once',
    found: 'gzip data within gzip data',
    remedy: 'decompress it once',
  });
}

/** The two files of a pair, named by either; null for the name of a single file. */
async function pairOf(file: ImageFile): Promise<{ header: ImageFile; voxels: ImageFile } | null> {
  const [, stem, half] = /([^/\\]*)\.(hdr|img)(?:\.gz)?$/i.exec(file.name) ?? [];
  if (stem === undefined) return null;
  const other = half.toLowerCase() === 'hdr' ? 'img' : 'hdr';
  for (const ending of [`.${other}`, `.${other}.gz`, `.${other.toUpperCase()}`]) {
    const found = await file.beside(stem + ending, 'follow');
    if (found) return other === 'img' ? { header: file, voxels: found } : { header: found, voxels: file };
  }
  throw new ImageFormatError({
    file: file.name,
    expected: `${stem}.${other} or ${stem}.${other}.gz beside it, the other half of a NIfTI pair`,
    found: 'neither',
  });
}

export const nifti: ImageFormat = {
  name: 'NIfTI',
  endings: ['.nii.gz', '.nii', '.hdr.gz', '.hdr'],
  voxelEndings: ['.img.gz', '.img'],
  result: { ending: 'nii.gz', mask: 'nii.gz' },
  recognises: (start) => recognise(start) !== null,
  readHeader: async (file, inflate) => {
    const pair = await pairOf(file);
    const layout: NiftiLayout = pair ? 'pair' : 'single';
    const { header: first, voxels: last } = pair ?? { header: file, voxels: file };
    const header = parseHeader(await plainStart(first, inflate), first.name, layout);
    return {
      header,
      files: pair ? [first, last] : [file],
      // Damage to the voxels is told of the file that holds them.
      voxels: async () => decodeVoxels(header, layout, await last.whole(), last.name, inflate),
    };
  },
  write: writeNifti,
};
