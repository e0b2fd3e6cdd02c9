import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageFormatError, UnsupportedError } from '../../src/errors.js';
import { readImage, readImageHeader } from '../../src/formats/image-file.node.js';
import { count } from '../../src/math/vector.js';
import { bytesOf, floatsOf, golden } from './golden.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'candor-image-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('image files', () => {
  it('are read, whole or the header alone', async () => {
    for (const [i, { file, values }] of golden.files.slice(0, 8).entries()) {
      const path = join(folder, `image ${i}.nii.gz`);
      writeFileSync(path, bytesOf(file));
      const image = await readImage(path);
      expect(image.name).toBe(path);
      expect(image.volume.data).toEqual(floatsOf(values));
      expect(await readImageHeader(path)).toEqual(image.header);
    }
  });

  it.each([readImage, readImageHeader])('that cannot be read are named, by %o', async (read) => {
    const missing = join(folder, 'missing.nii.gz');
    await expect(read(missing)).rejects.toThrow(`${missing}: cannot read this image: no such file or folder.`);
    await expect(read(missing)).rejects.toBeInstanceOf(ImageFormatError);
    await expect(read(folder)).rejects.toThrow(/expected an image file.*found a folder/);
    await expect(read('/dev/zero')).rejects.toThrow(/found a device/);
    const below = join(folder, 'file');
    writeFileSync(below, 'x');
    await expect(read(join(below, 'image.nii'))).rejects.toThrow(/a part of the path is a file/);
    await expect(read(below)).rejects.toThrow(/expected a NIfTI-1 or NIfTI-2 image/);
    const loop = join(folder, `loop ${read.name}`);
    symlinkSync(loop, loop);
    await expect(read(loop)).rejects.toThrow(/symbolic links/);
  });

  it.skipIf(process.getuid?.() === 0)('without permission are named', async () => {
    const path = join(folder, 'secret.nii');
    writeFileSync(path, 'x');
    chmodSync(path, 0);
    await expect(readImage(path)).rejects.toThrow(/permission denied/);
  });
});

const shared = join(import.meta.dirname, '../../../shared/data');

describe.skipIf(!existsSync(shared))('real images (skipped where ../shared/data is absent)', () => {
  it('are read, all but the 4D series', async () => {
    const found = readdirSync(join(shared, 'ood/misc')).filter((name) => name.endsWith('.nii.gz'));
    expect(found.length).toBeGreaterThan(5);
    const refused: string[] = [];
    for (const name of found) {
      try {
        const { volume } = await readImage(join(shared, 'ood/misc', name));
        expect(volume.data.length).toBe(count(volume.size));
      } catch (error) {
        expect(error).toBeInstanceOf(UnsupportedError);
        refused.push(name);
      }
    }
    expect(refused).toHaveLength(1);
    await expect(readImageHeader(join(shared, 'ood/misc', refused[0]))).rejects.toThrow(/4D/);
  });
});
