/** What NRRD and MetaImage have in common: a header of text, then voxels in the same file or in another. */
import { ImageFormatError, UnsupportedError } from '../../errors.js';
import { count } from '../../math/vector.js';
import { pointerOf } from '../foreign.js';
import type { DecodedHeader, ImageFile, Inflate } from '../format.js';
import { maximumInflatedLength } from '../gzip-bytes.js';
import type { ImageHeader } from '../image.js';
import { truncated } from '../size-check.js';
import { bytesOf, convertVoxels } from '../voxels.js';
import { hexBytes, textNumbers } from './encodings.js';

/** Enough for the text header of a segmentation of hundreds of named segments. */
export const MAXIMUM_TEXT_HEADER = 2 ** 20;

/** How voxels are kept, and where. */
export interface VoxelStore {
  readonly encoding: 'raw' | 'deflate' | 'text' | 'hex';
  readonly littleEndian: boolean;
  /** Of the file that holds the voxels: relative to the header's folder, or null for this file. */
  readonly dataFile: string | null;
  /** Where the voxels' part of that file begins. */
  readonly from: number;
  /** Lines to skip there. */
  readonly lineSkip: number;
  /** Bytes to skip after these, in what was inflated where the voxels are compressed; null: they end the file. */
  readonly byteSkip: number | null;
}

/** Header bytes as text, one character a byte, so that offsets in it are offsets in the file. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** A plain relative path to one file below the header's folder. */
function checkDataFile(dataFile: string, file: string): void {
  const control = /\p{Cc}/u.test(dataFile);
  if (dataFile === '' || /^LIST\b/i.test(dataFile) || /%\d*d/.test(dataFile) || control) {
    throw new UnsupportedError({
      file,
      expected: 'the voxels in one file',
      found: control ? 'an unreadable name' : `"${dataFile.slice(0, 80)}"`,
      remedy: 'convert the image to a single file',
    });
  }
  if (/^([/\\]|[A-Za-z]:)/.test(dataFile) || dataFile.split(/[/\\]/).includes('..')) {
    throw new UnsupportedError({
      file,
      expected: 'the file of the voxels beside the header',
      found: `"${dataFile.slice(0, 200)}"`,
      remedy: 'move it there and name it without folders',
    });
  }
}

async function openData(file: ImageFile, dataFile: string | null): Promise<ImageFile> {
  if (dataFile === null) return file;
  checkDataFile(dataFile, file.name);
  const data = await file.beside(dataFile, 'refuse');
  if (data) return data;
  throw new ImageFormatError({
    file: file.name,
    expected: `its voxels in ${dataFile}`,
    found: 'no such file',
    remedy: 'copy that file beside the header',
  });
}

/** Fewest bytes of a file that can hold the voxels; compressed ones are judged by {@link maximumInflatedLength}. */
function leastBytes({ grid, type }: ImageHeader, { encoding, byteSkip }: VoxelStore): number {
  const bytes = count(grid.size) * bytesOf(type);
  // A digit and a separator for each number; the last may lack its separator.
  if (encoding === 'text') return 2 * count(grid.size) - 1;
  return (byteSkip ?? 0) + (encoding === 'hex' ? 2 * bytes : bytes);
}

/** Refuse voxels that cannot be whole, before they are read. */
async function checkLength(header: ImageHeader, store: VoxelStore, file: ImageFile, data: ImageFile): Promise<void> {
  const least = leastBytes(header, store);
  const held = data.length - store.from;
  const name = data === file ? file.name : `${file.name} (voxels in ${store.dataFile})`;
  const packed = store.encoding === 'deflate';
  if (packed ? least <= maximumInflatedLength(Math.max(0, held)) : least <= held) return;
  const pointer = pointerOf(await data.start(1024));
  if (pointer) throw new ImageFormatError({ file: name, expected: 'voxels', found: pointer });
  const found = packed ? `${held} compressed bytes, too few for so many` : `${Math.max(0, held)} after the header`;
  throw truncated(name, header.grid.size, `${packed ? '' : 'at least '}${least} bytes of ${header.type}`, found);
}

function skipLines(bytes: Uint8Array, lines: number): Uint8Array {
  let at = 0;
  for (let i = 0; i < lines; i++) {
    const newline = bytes.indexOf(10, at);
    if (newline < 0) return bytes.subarray(bytes.length);
    at = newline + 1;
  }
  return bytes.subarray(at);
}

/** Decoded here and not by ITK: what the header declares is then what is read, with nothing to compare afterwards. */
async function decode(
  { grid, type }: ImageHeader,
  store: VoxelStore,
  part: Uint8Array,
  name: string,
  inflate: Inflate,
): Promise<Float32Array> {
  const voxels = count(grid.size);
  const wanted = voxels * bytesOf(type);
  const lines = skipLines(part, store.lineSkip);
  const short = (expected: string, found: string) => truncated(name, grid.size, expected, found);
  if (store.encoding === 'text') {
    const numbers = textNumbers(lines.subarray(store.byteSkip ?? 0), voxels, name);
    if (numbers === null) throw short(`${voxels} numbers`, 'fewer');
    return numbers;
  }
  const skip = store.byteSkip ?? 0;
  let bytes = lines;
  if (store.encoding === 'deflate') bytes = await inflate(lines, skip + wanted, name);
  if (store.encoding === 'hex') bytes = hexBytes(lines.subarray(skip), wanted, name);
  else bytes = store.byteSkip === null ? bytes.subarray(Math.max(0, bytes.length - wanted)) : bytes.subarray(skip);
  if (bytes.length < wanted) throw short(`${wanted} bytes of ${type}`, `${bytes.length}`);
  const values = new Float32Array(voxels);
  convertVoxels(bytes.subarray(0, wanted), { type, littleEndian: store.littleEndian }, values);
  return values;
}

/** Put together what a header declares and the files that hold it. */
export async function withVoxels(
  file: ImageFile,
  header: ImageHeader,
  store: VoxelStore,
  inflate: Inflate,
): Promise<DecodedHeader> {
  const data = await openData(file, store.dataFile);
  await checkLength(header, store, file, data);
  return {
    header,
    files: data === file ? [file] : [file, data],
    voxels: async () => {
      const bytes = await data.whole();
      const part = bytes.subarray(store.from);
      return { ...header.grid, data: await decode(header, store, part, file.name, inflate) };
    },
  };
}
