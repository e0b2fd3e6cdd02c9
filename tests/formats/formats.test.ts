import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isCandorError } from '../../src/errors.js';
import { readImage, readImageHeader } from '../../src/formats/image-file.node.js';
import { bytesOf, floatsOf, largestDifference } from './golden.js';

interface Files {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly open: string;
}

/** Made by formats.py. */
const golden = JSON.parse(readFileSync(new URL('formats.json', import.meta.url), 'utf8')) as {
  readonly files: readonly (Files & { readonly affine: number[]; readonly values: string; readonly pair?: true })[];
  readonly refused: readonly (Files & { readonly tag: string; readonly message: string })[];
};

let folder: string;
let made = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'candor-formats-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The files in a folder of their own; returns the path of the one to open. */
function lay({ files, open }: Files): string {
  const own = join(folder, String(made++));
  mkdirSync(own);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(own, name), bytesOf(content));
  return join(own, open);
}

describe('NRRD, MetaImage and NIfTI pairs', () => {
  it('come from all types, encodings and byte orders', () => {
    expect(golden.files.length).toBeGreaterThan(45);
    expect(golden.refused.length).toBeGreaterThan(20);
  });

  it.each(golden.files)('$name: voxels exact, affine to 1e-6', async (one) => {
    const path = lay(one);
    const { volume, header, name } = await readImage(path);
    expect(name).toBe(path);
    expect(volume.size).toEqual([7, 5, 3]);
    expect(volume.data).toEqual(floatsOf(one.values));
    expect(largestDifference(volume.affine, one.affine)).toBeLessThan(1e-6);
    expect(header.grid).toEqual({ size: volume.size, affine: volume.affine });
    expect(await readImageHeader(path)).toEqual(header);
  });

  it.each(golden.refused)('$open, $name: refused in words', async (one) => {
    const path = lay(one);
    for (const read of [readImage, readImageHeader]) {
      if (read === readImageHeader && one.name === 'damaged gzip') continue;
      const error: unknown = await read(path).then(
        () => 'read',
        (reason: unknown) => reason,
      );
      if (!isCandorError(error)) throw new Error(`${one.name}: ${String(error)}`);
      expect(error.message).toContain(one.message);
      expect(error.message).toContain(path.replace(/\.hdr$/, ''));
      expect(error.message).not.toContain('\n');
      expect(error.tag).toBe(one.tag);
    }
  });

  it('are refused when truncated, wherever', async () => {
    for (const ending of ['nrrd', 'mha']) {
      const whole = bytesOf(
        golden.files.find(({ name }) => name === `${ending}, int16, compressed`)!.files[`scan.${ending}`],
      );
      for (let i = 0; i < 12; i++) {
        const cut = Buffer.from(whole.subarray(0, Math.floor((i / 12) * (whole.length - 12)))).toString('base64');
        const path = lay({ name: '', open: `scan.${ending}`, files: { [`scan.${ending}`]: cut } });
        await expect(readImage(path)).rejects.toMatchObject({
          tag: expect.stringMatching(/^(ImageFormat|Geometry|Unsupported)Error$/),
        });
      }
    }
  });

  it('a pair is opened by either half', async () => {
    for (const one of golden.files.filter(({ pair }) => pair)) {
      const path = lay(one);
      const byHeader = await readImage(path);
      const byVoxels = await readImage(join(path, '..', Object.keys(one.files).find((name) => name.includes('.img'))!));
      expect(byVoxels).toEqual(byHeader);
    }
  });

  it('a link is followed, unless the voxels lie behind another', async () => {
    const attached = golden.files.find(({ open }) => open === 'scan.nrrd')!;
    const link = join(folder, 'link.nrrd');
    symlinkSync(lay(attached), link);
    expect((await readImage(link)).volume.data).toEqual(floatsOf(attached.values));
    const detached = golden.files.find(({ open }) => open === 'scan.mhd')!;
    const path = lay(detached);
    const data = Object.keys(detached.files).find((name) => !name.endsWith('.mhd'))!;
    const elsewhere = join(folder, 'elsewhere');
    writeFileSync(elsewhere, bytesOf(detached.files[data]));
    rmSync(join(path, '..', data));
    symlinkSync(elsewhere, join(path, '..', data));
    await expect(readImage(path)).rejects.toThrow(/found a link that leaves it/);
  });

  it('many at once, nothing is left behind', async () => {
    const path = lay(golden.files[0]);
    const all = await Promise.all(Array.from({ length: 20 }, () => readImageHeader(path)));
    expect(new Set(all.map((header) => JSON.stringify(header.grid))).size).toBe(1);
    expect(readdirSync(join(path, '..'))).toEqual(Object.keys(golden.files[0].files));
  });
});
