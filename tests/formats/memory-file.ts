/** Images out of memory, through the same formats as those on disk. */
import type { ImageFile } from '../../src/formats/format.js';
import type { Image, ImageHeader } from '../../src/formats/image.js';
import { inflate } from '../../src/formats/inflate.node.js';
import type { HeaderBytes } from '../../src/formats/nifti/fields.js';
import { formatOfFile } from '../../src/formats/registry.js';

export function memoryFile(name: string, bytes: Uint8Array): ImageFile {
  return {
    ...{ name, length: bytes.length },
    start: (length) => Promise.resolve(bytes.subarray(0, length)),
    whole: () => Promise.resolve(bytes),
    beside: () => Promise.resolve(null),
  };
}

function open(bytes: Uint8Array, name: string) {
  return formatOfFile(name, bytes.subarray(0, 1024)).readHeader(memoryFile(name, bytes), inflate);
}

export async function decodeHeader(bytes: Uint8Array, name: string): Promise<ImageHeader> {
  return (await open(bytes, name)).header;
}

export async function decode(bytes: Uint8Array, name: string): Promise<Image> {
  const { header, voxels } = await open(bytes, name);
  return { name, header, volume: await voxels() };
}

/** The header bytes that results of a NIfTI image keep. */
export const niftiBytes = ({ source }: ImageHeader): HeaderBytes => source as HeaderBytes;
