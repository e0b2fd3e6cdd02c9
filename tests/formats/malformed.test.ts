import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CandorError, GeometryError, ImageFormatError, UnsupportedError } from '../../src/errors.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat } from '../../src/formats/nifti/write.js';
import { count } from '../../src/math/vector.js';
import { bytesOf, golden } from './golden.js';
import { decode, decodeHeader } from './memory-file.js';

const NAME = 'folder/scan.nii';
const affine = [2, 0, 0, -9, 0, 3, 0, 8, 0, 0, 4, 7, 0, 0, 0, 1];
const size = [17, 13, 11] as const;
const values = Float32Array.from({ length: count(size) }, (_, i) => Math.sin(i));
const packed = encodeFloat(values, createHeader({ size, affine }));
const file = new Uint8Array(gunzipSync(packed));

/** Patch a copy of the plain file. */
function patched(change: (view: DataView) => void): Uint8Array {
  const bytes = file.slice();
  change(new DataView(bytes.buffer));
  return bytes;
}

/** A typed error that names the file, or an image that agrees with itself; within 2 s. */
async function decodesOrRefuses(bytes: Uint8Array): Promise<'image' | 'error'> {
  const started = performance.now();
  try {
    const { volume } = await decode(bytes, NAME);
    expect(volume.data.length).toBe(count(volume.size));
    expect(volume.affine.every(Number.isFinite)).toBe(true);
    return 'image';
  } catch (error) {
    expect(error).toBeInstanceOf(CandorError);
    expect((error as Error).message).toMatch(/^folder\/scan\.nii: expected .*found .*\.$/);
    expect((error as Error).message).not.toContain('\n');
    return 'error';
  } finally {
    expect(performance.now() - started).toBeLessThan(2000);
  }
}

describe('malformed files', () => {
  it('are refused when truncated, wherever', async () => {
    for (const whole of [file, packed]) {
      for (let i = 0; i < 50; i++) {
        // The last eight bytes of a gzip file are its checksum and length; the voxels are whole without them.
        const end = Math.floor((i / 50) * (whole.length - 8));
        expect(await decodesOrRefuses(whole.subarray(0, end))).toBe('error');
      }
    }
  });

  it('give an image or a typed error for any flipped bytes of the header', async () => {
    const originals = [file, ...golden.files.filter((_, i) => i % 23 === 0).map((one) => bytesOf(one.file))];
    const outcomes = { image: 0, error: 0 };
    const flips = fc.array(fc.tuple(fc.nat(543), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...originals), flips, async (original, changes) => {
        const bytes = original.slice();
        for (const [at, mask] of changes) if (at < bytes.length) bytes[at] ^= mask;
        outcomes[await decodesOrRefuses(bytes)]++;
      }),
      { numRuns: 1000, seed: 5 },
    );
    expect(outcomes.image).toBeGreaterThan(50);
    expect(outcomes.error).toBeGreaterThan(50);
  });

  it('give an image or a typed error for any flipped byte of a gzip stream', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const bytes = packed.slice();
        bytes[at] ^= mask;
        await decodesOrRefuses(bytes);
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  it('are refused when foreign', async () => {
    const text = new TextEncoder().encode('<html>404</html>'.repeat(50));
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...new Uint8Array(600));
    const dicom = new Uint8Array(1000);
    dicom.set(new TextEncoder().encode('DICM'), 128);
    for (const foreign of [text, png, dicom, new Uint8Array(0), new Uint8Array(3), new Uint8Array(5000)]) {
      await expect(decode(foreign, NAME)).rejects.toThrow(ImageFormatError);
      await expect(decode(new Uint8Array(gzipSync(foreign)), NAME)).rejects.toThrow(ImageFormatError);
      expect(await decodesOrRefuses(foreign)).toBe('error');
    }
    await expect(decode(dicom, NAME)).rejects.toThrow(/DICOM/);
    await expect(decode(new Uint8Array(), NAME)).rejects.toThrow(/empty/);
    await expect(
      decode(
        patched((view) => view.setUint8(344, 0x78)),
        NAME,
      ),
    ).rejects.toThrow(/magic/);
  });

  it('are refused when the dimensions are absurd, before any memory is taken', async () => {
    const dims = (...dim: number[]) =>
      patched((view) => {
        for (const [i, n] of dim.entries()) view.setInt16(40 + 2 * i, n, true);
      });
    await expect(decode(dims(3, 32767, 32767, 32767), NAME)).rejects.toThrow(UnsupportedError);
    await expect(decode(dims(3, 800, 800, 800), NAME)).rejects.toThrow(/truncated/);
    await expect(decode(new Uint8Array(gzipSync(dims(3, 800, 800, 800))), NAME)).rejects.toThrow(/too few/);
    await expect(decode(dims(3, -4, 3, 2), NAME)).rejects.toThrow(/positive dimensions/);
    await expect(decode(dims(3, 0, 3, 2), NAME)).rejects.toThrow(ImageFormatError);
    await expect(decode(dims(0, 5, 3, 2), NAME)).rejects.toThrow(ImageFormatError);
    await expect(decode(dims(9, 5, 3, 2), NAME)).rejects.toThrow(ImageFormatError);
    await expect(
      decode(
        patched((view) => view.setInt16(70, 4711, true)),
        NAME,
      ),
    ).rejects.toThrow(/unknown data type 4711/);
    for (const offset of [-400, 100, 352.5, 1e30, Number.NaN, Infinity]) {
      const moved = patched((view) => view.setFloat32(108, offset, true));
      if (Number.isNaN(offset)) expect(await decodesOrRefuses(moved)).toBe('image');
      else await expect(decode(moved, NAME)).rejects.toThrow(/vox_offset|truncated/);
    }
  });

  it('are refused when the affine cannot be used', async () => {
    const srow = (index: number, value: number) => patched((view) => view.setFloat32(280 + 4 * index, value, true));
    for (const bytes of [srow(0, Number.NaN), srow(3, Infinity), srow(0, 0), srow(10, 1e30), srow(5, 1e-20)]) {
      await expect(decode(bytes, NAME)).rejects.toThrow(GeometryError);
      expect(await decodesOrRefuses(bytes)).toBe('error');
    }
    const parallel = patched((view) => {
      for (const [i, n] of [1, 1, 0, 0, 1, 1, 0].entries()) view.setFloat32(280 + 4 * i, n, true);
    });
    await expect(decode(parallel, NAME)).rejects.toThrow(/inverted/);
    const quaternion = patched((view) => {
      view.setInt16(254, 0, true);
      view.setFloat32(256, 3, true);
    });
    await expect(decode(quaternion, NAME)).rejects.toThrow(/quaternion/);
  });

  it('are refused when a slope comes with an infinite intercept', async () => {
    await expect(
      decode(
        patched((view) => view.setFloat32(116, Infinity, true)),
        NAME,
      ),
    ).rejects.toThrow(/scl_inter/);
  });

  it('do not inflate beyond what the header declares', async () => {
    // One member of zeros, repeated: 2 GiB from 2 MB.
    const zeros = gzipSync(new Uint8Array(2 ** 26), { level: 9 });
    const bomb = new Uint8Array(Buffer.concat([gzipSync(file), ...new Array<Buffer>(32).fill(zeros)]));
    const started = performance.now();
    const before = process.memoryUsage().arrayBuffers;
    const { volume } = await decode(bomb, NAME);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(volume.data).toEqual(values);

    const single = gzipSync(Buffer.concat([file, new Uint8Array(2 ** 28)]), { level: 9 });
    const restarted = performance.now();
    expect((await decode(new Uint8Array(single), NAME)).volume.data).toEqual(values);
    expect((await decodeHeader(new Uint8Array(single), NAME)).grid.size).toEqual(size);
    expect(performance.now() - restarted).toBeLessThan(1000);
  });
});
