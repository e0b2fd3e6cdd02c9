import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ImageFormatError, UnsupportedError } from '../../src/errors.js';
import { isGzip } from '../../src/formats/gzip-bytes.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat, encodeMask } from '../../src/formats/nifti/write.js';
import { count } from '../../src/math/vector.js';
import { bytesOf, floatsOf, golden, largestDifference } from './golden.js';
import { decode, decodeHeader, niftiBytes } from './memory-file.js';

const plain = (file: Uint8Array) => (isGzip(file) ? new Uint8Array(gunzipSync(file)) : file);

describe('reading files that nibabel reads', () => {
  it.each(golden.files)('$name', async ({ name, file, source, affine, values }) => {
    const { volume, header } = await decode(bytesOf(file), name);
    expect(volume.size).toEqual([5, 4, 3]);
    expect(header.affineSource).toBe(source);
    expect(largestDifference(volume.affine, affine)).toBeLessThan(1e-6);
    expect(volume.data).toEqual(floatsOf(values));
  });

  it('covers ten data types, both byte orders, both formats, gzipped and plain, four geometries', async () => {
    const headers = await Promise.all(golden.files.map(({ file, name }) => decodeHeader(bytesOf(file), name)));
    expect(new Set(headers.map((h) => `${niftiBytes(h).format} ${niftiBytes(h).littleEndian} ${h.type}`)).size).toBe(
      40,
    );
    expect(new Set(golden.files.map(({ file, source }) => `${isGzip(bytesOf(file))} ${source}`)).size).toBe(6);
  });

  it('reads a header from the start of the file alone', async () => {
    for (const { file, name } of golden.files) {
      const bytes = bytesOf(file);
      const start = bytes.subarray(0, isGzip(bytes) ? bytes.length - 40 : 540);
      expect(await decodeHeader(start, name)).toEqual((await decode(bytes, name)).header);
    }
  });

  it('leaves the input bytes and the header bytes apart', async () => {
    const bytes = bytesOf(golden.files[0].file);
    const before = bytes.slice();
    const { header, volume } = await decode(bytes, 'x');
    niftiBytes(header).bytes.fill(0);
    volume.data.fill(0);
    expect(bytes).toEqual(before);
  });

  it('joins the members of a gzip file', async () => {
    const file = plain(bytesOf(golden.files[0].file));
    const members = [file.subarray(0, 100), file.subarray(100, 400), file.subarray(400)].map((part) => gzipSync(part));
    const joined = new Uint8Array(Buffer.concat(members));
    expect((await decode(joined, 'joined')).volume).toEqual((await decode(file, 'plain')).volume);
  });
});

describe('refusing valid files that are no 3D image of numbers', () => {
  it.each(golden.refused)('$found', async ({ found, file }) => {
    const read = () => decode(bytesOf(file), 'scan.nii');
    await expect(read()).rejects.toThrow(UnsupportedError);
    await expect(read()).rejects.toThrow(new RegExp(`^scan.nii: expected .*found ${found}`));
  });

  it('names half of a .hdr/.img pair', async () => {
    const header = plain(bytesOf(golden.files[0].file)).slice();
    header.set([0x6e, 0x69, 0x31, 0], 344);
    await expect(decode(header, 'a.nii')).rejects.toThrow(/a\.nii: .*\.hdr\/\.img pair/);
  });
});

describe('writing', () => {
  const geometry = {
    nifti1: [
      [40, 56],
      [76, 108],
      [123, 124],
      [252, 328],
    ],
    nifti2: [
      [16, 80],
      [104, 168],
      [344, 496],
      [500, 504],
    ],
  };

  it('keeps the geometry bytes, names a label map and reads back exactly', async () => {
    for (const { file, name } of golden.files) {
      const image = await decode(bytesOf(file), name);
      const labels = Uint8Array.from({ length: 60 }, (_, i) => (i * 7) % 256);
      const written = encodeMask(labels, image.header);
      const again = await decode(written, 'mask');
      expect(again.volume.data).toEqual(Float32Array.from(labels));
      expect(again.volume.affine).toEqual(image.volume.affine);
      const bytes = plain(written);
      const source = niftiBytes(image.header);
      for (const [from, to] of geometry[source.format]) {
        expect(bytes.subarray(from, to)).toEqual(source.bytes.subarray(from, to));
      }
      const view = new DataView(bytes.buffer);
      const little = source.littleEndian;
      const first = source.format === 'nifti1';
      expect(first ? view.getInt16(68, little) : view.getInt32(504, little)).toBe(1002);
      expect(first ? view.getFloat32(108, little) : Number(view.getBigInt64(168, little))).toBe(bytes.length - 60);
      expect(bytes.subarray(bytes.length - 64, bytes.length - 60)).toEqual(new Uint8Array(4));
    }
  });

  it('writes floats bit by bit, NaN included, and the same bytes each time', async () => {
    for (const { file, name, values } of golden.files) {
      const { header } = await decode(bytesOf(file), name);
      const written = encodeFloat(floatsOf(values), header, 'foreground probability');
      expect((await decode(written, 'floats')).volume.data).toEqual(floatsOf(values));
      expect(encodeFloat(floatsOf(values), header, 'foreground probability')).toEqual(written);
      expect(Buffer.from(plain(written)).toString('latin1')).toContain('foreground probability\0');
    }
  });

  it('refuses values that are not on the grid', async () => {
    const { header } = await decode(bytesOf(golden.files[0].file), 'x');
    expect(() => encodeMask(new Uint8Array(59), header)).toThrow(/expected 60 voxels \(5 x 4 x 3.*found 59/);
    expect(() => encodeFloat(new Float32Array(61), header)).toThrow(/found 61/);
  });

  it('makes fresh headers whose sform and qform agree', async () => {
    for (const { affine } of golden.orientations.slice(0, 40)) {
      const header = createHeader({ size: [4, 5, 6], affine });
      expect(largestDifference(header.grid.affine, affine)).toBeLessThan(1e-5);
      const bytes = niftiBytes(header).bytes.slice();
      new DataView(bytes.buffer).setInt16(254, 0, true);
      const byQform = await decodeHeader(bytes, 'qform');
      expect(byQform.affineSource).toBe('qform');
      expect(largestDifference(byQform.grid.affine, affine)).toBeLessThan(1e-5);
      expect((await decode(encodeFloat(new Float32Array(120), header), 'new')).volume.size).toEqual([4, 5, 6]);
    }
  });

  it('gives sheared affines no qform', async () => {
    const header = createHeader({ size: [2, 2, 2], affine: [1, 0.2, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] });
    expect(new DataView(niftiBytes(header).bytes.buffer).getInt16(252, true)).toBe(0);
    expect(header.affineSource).toBe('sform');
  });

  it('takes NIfTI-2 for axes that NIfTI-1 cannot count', async () => {
    const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const long = createHeader({ size: [40000, 2, 2], affine });
    expect(niftiBytes(long).format).toBe('nifti2');
    const { volume } = await decode(encodeMask(new Uint8Array(160000).fill(3), long), 'long.nii.gz');
    expect([volume.size, volume.affine, volume.data[159999]]).toEqual([[40000, 2, 2], affine, 3]);
    expect(() => createHeader({ size: [2, 2, 2], affine: affine.map(() => Number.NaN) })).toThrow(/affine/);
    expect(count(createHeader({ size: [2, 3, 4], affine }).grid.size)).toBe(24);
  });

  it('notices a changed voxel in a gzip file by its checksum', async () => {
    const image = createHeader({ size: [40, 40, 40], affine: golden.orientations[0].affine });
    const stored = gzipSync(plain(encodeMask(new Uint8Array(64000), image)), { level: 0 });
    stored[stored.length - 100] ^= 1;
    await expect(decode(new Uint8Array(stored), 'flipped.nii.gz')).rejects.toThrow(ImageFormatError);
  });
});
