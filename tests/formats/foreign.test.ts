/** Files that are no images under an image's name: each is refused by its name, with what it is and what to do. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openImage, readImage, readImageHeader } from '../../src/formats/image-file.node.js';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat } from '../../src/formats/nifti/write.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'candor-foreign-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const put = (name: string, content: Uint8Array | string) => {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
};

const affine = [2, 0, 0, -9, 0, 3, 0, 8, 0, 0, 4, 7, 0, 0, 0, 1];
const values = Float32Array.from({ length: 60 }, (_, i) => i / 7);
const nifti = encodeFloat(values, createHeader({ size: [5, 4, 3], affine }));
const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n';
const annex = '/annex/objects/SHA256E-s123--abc.nii.gz\n';
const nrrdText = 'NRRD0004\ntype: short\ndimension: 3\nsizes: 7 5 3\nencoding: raw\nendian: little\n';
const metaText = 'ObjectType = Image\nNDims = 3\nDimSize = 7 5 3\nElementType = MET_SHORT\nElementDataFile = a.raw\n';

const contents: readonly (readonly [string, Uint8Array | string, RegExp])[] = [
  ['Git LFS pointer', lfs, /pointer of Git LFS .*git lfs pull/],
  ['git-annex pointer', annex, /pointer of git-annex .*datalad get/],
  ['nothing', '', /found an empty file/],
  ['zeros', new Uint8Array(1000), /begins with zeros/],
  ['bzip2', Buffer.from('BZh91AY&SY'), /bzip2 .*bunzip2/],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]), /xz data.*unxz/],
  ['Zstandard', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 4, 0]), /Zstandard.*unzstd/],
  ['ZIP', Buffer.from('PK\x03\x04abcdef', 'latin1'), /ZIP archive/],
  ['HDF5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), /HDF5/],
  ['web page', '<!DOCTYPE html><html>404</html>', /HTML or XML/],
  ['PNG', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), /PNG picture/],
  ['UTF-16', Buffer.from(`\ufeff${nrrdText}`, 'utf16le'), /UTF-16/],
  ['byte order mark', `\ufeff${nrrdText}`, /byte order mark/],
  ['text', 'hello world', /begins with "hello wo"/],
];

describe('what is no image', () => {
  it.each(contents)('%s', async (what, content, message) => {
    for (const ending of ['nii.gz', 'nii', 'nrrd', 'mha', 'mhd']) {
      const file = put(`${what}.${ending}`, content);
      for (const read of [readImage, readImageHeader]) {
        await expect(read(file)).rejects.toMatchObject({ tag: 'ImageFormatError', file });
        await expect(read(file)).rejects.toThrow(message);
      }
    }
  });

  it('images under the name of another format', async () => {
    const plain = nifti; // gzipped
    await expect(readImage(put('a.nrrd', plain))).rejects.toThrow(/found gzip data/);
    await expect(readImage(put('a.nii', nrrdText))).rejects.toThrow(/found a NRRD image; rename it to \.nrrd/);
    await expect(readImage(put('b.nii', metaText))).rejects.toThrow(/found a MetaImage; rename it to \.mha/);
    await expect(readImage(put('b.mha', nrrdText))).rejects.toThrow(/found a NRRD image/);
  });

  it('voxels that are pointers, missing, or behind a link out of the folder', async () => {
    const header = `${nrrdText}data file: a.raw\n`;
    const detached = [put('x.nhdr', header), put('x.mhd', metaText)];
    for (const file of detached) {
      rmSync(path.join(folder, 'a.raw'), { force: true });
      await expect(readImageHeader(file)).rejects.toThrow(/expected its voxels in a\.raw, found no such file/);
      put('a.raw', lfs);
      await expect(readImageHeader(file)).rejects.toThrow(/voxels in a\.raw.*pointer of Git LFS/);
      rmSync(path.join(folder, 'a.raw'));
      symlinkSync('../.git/annex/objects/xx/a.raw', path.join(folder, 'a.raw'));
      await expect(readImageHeader(file)).rejects.toThrow(/link of git-annex whose contents are not here/);
    }
    const pair = Buffer.from(nifti);
    put('y.hdr', pair);
    await expect(readImage(path.join(folder, 'y.hdr'))).rejects.toThrow(/y\.hdr: expected y\.img or y\.img\.gz/);
  });

  it('a link of git-annex to what is not here', async () => {
    const link = path.join(folder, 'z.nii.gz');
    symlinkSync('.git/annex/objects/aa/SHA256E-s1--b.nii.gz', link);
    await expect(readImage(link)).rejects.toThrow(`${link}: expected an image, found a link of git-annex`);
    mkdirSync(path.join(folder, '.git/annex/objects/aa'), { recursive: true });
    put('.git/annex/objects/aa/SHA256E-s1--b.nii.gz', nifti);
    expect((await readImage(link)).volume.data).toEqual(values);
  });
});

describe('compression that is not as the name says', () => {
  it('is told by content: once is read, twice is refused', async () => {
    const twice = put('twice.nii.gz', gzipSync(nifti));
    for (const read of [readImage, readImageHeader]) {
      await expect(read(twice)).rejects.toThrow(/found gzip data within gzip data\. Decompress it once/);
    }
    expect((await readImage(put('packed.nii', nifti))).volume.data).toEqual(values);
  });

  it('zeros, members and garbage after the stream change nothing; damage is found', async () => {
    const read = (bytes: Uint8Array) => readImage(put('stream.nii.gz', bytes));
    const tails = [new Uint8Array(1), new Uint8Array(5000), Buffer.from('g'), Buffer.from('garbage after the stream')];
    tails.push(Buffer.from([0x1f, 0x8b, 8, 0, 1, 1, 1, 1]), gzipSync('another member'));
    for (const tail of tails) {
      expect((await read(Buffer.concat([nifti, tail]))).volume.data).toEqual(values);
      const damaged = Buffer.concat([nifti, tail]);
      damaged[nifti.length - 6] ^= 1;
      await expect(read(damaged)).rejects.toThrow(/damaged|truncated/);
    }
    for (const cut of [1, 4, 8]) await expect(read(nifti.subarray(0, -cut))).rejects.toThrow(/truncated/);
  });
});

describe('an opened image', () => {
  it('gives header, digest and voxels of the same bytes, and sees a change between', async () => {
    const file = put('opened.nii.gz', nifti);
    const opened = await openImage(file);
    expect(opened.header.grid.size).toEqual([5, 4, 3]);
    const digest = await opened.sha256();
    // What has been digested is what is decoded, whatever becomes of the file.
    writeFileSync(file, 'gone');
    expect((await opened.read()).volume.data).toEqual(values);
    expect(await opened.sha256()).toBe(digest);
    const again = await openImage(put('again.nii.gz', Buffer.concat([nifti, new Uint8Array(20000)])));
    writeFileSync(path.join(folder, 'again.nii.gz'), 'gone');
    await expect(again.read()).rejects.toThrow(/again\.nii\.gz: the file changed while it was read/);
  });
});
