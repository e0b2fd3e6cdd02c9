/** The door to images on disk: one opened image serves its header, its digest and its voxels. */
import { createHash } from 'node:crypto';
import { UnsupportedError } from '../errors.js';
import { type DiskFile, openDiskFile } from './disk-file.node.js';
import type { Image, ImageHeader } from './image.js';
import { inflate } from './inflate.node.js';
import { formatOfFile } from './registry.js';

/** Enough to know a format by. */
const SIGNATURE = 1024;

/** An image whose header has been read and whose voxels have not. */
export interface OpenedImage {
  /** As the caller named it. */
  readonly name: string;
  readonly header: ImageHeader;
  /** Paths of the files that it consists of, the header's first. */
  readonly files: readonly string[];
  /** SHA-256 of its file, or of both its files one after the other, the header's first. */
  readonly sha256: () => Promise<string>;
  /** Its voxels; from the very bytes of the digest, where that was asked for before. */
  readonly read: () => Promise<Image>;
}

/**
 * Open an image: NIfTI in one file or a pair, NRRD, MetaImage. Reads the header alone.
 * @throws {ImageFormatError} if a file cannot be read, is foreign, damaged or truncated
 * @throws {UnsupportedError} if it is valid but not a 3D image of single numbers, or too large
 * @throws {GeometryError} if it does not lie in a patient's space, or its affine cannot be used
 * @example
 * const opened = await openImage('scan.nrrd');
 * console.log(opened.header.grid.size, opened.header.remarks, await opened.sha256());
 * const { volume } = await opened.read();
 * console.log(volume.data.length);
 */
export async function openImage(name: string): Promise<OpenedImage> {
  const file = await openDiskFile(name);
  const format = formatOfFile(name, await file.start(SIGNATURE));
  const { header, files, voxels } = await format.readHeader(file, inflate);
  let digest: string | undefined;
  const letGo = () => {
    for (const one of files) (one as DiskFile).letGo();
  };
  return {
    name,
    header,
    files: files.map((file) => file.name),
    sha256: async () => {
      if (digest !== undefined) return digest;
      const hash = createHash('sha256');
      for (const one of files) hash.update(await one.whole());
      digest = hash.digest('hex');
      return digest;
    },
    read: async () => {
      try {
        return { name: files[0].name, volume: await voxels(), header };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new UnsupportedError({
          file: name,
          expected: 'an image that fits into memory',
          found: `${header.grid.size.join(' x ')} voxels`,
          remedy: 'crop it or lower its resolution',
          cause: error,
        });
      } finally {
        letGo();
      }
    },
  };
}

/**
 * Read an image, header and voxels; errors as {@link openImage}.
 * @example
 * const { volume } = await readImage('scan.nii.gz');
 * console.log(volume.size, volume.data.length);
 */
export async function readImage(name: string): Promise<Image> {
  return await (await openImage(name)).read();
}

/** Read the header alone, from the start of the file; errors as {@link openImage}. */
export async function readImageHeader(name: string): Promise<ImageHeader> {
  return (await openImage(name)).header;
}
