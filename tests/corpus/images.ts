/** Damaged NIfTI files. */
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createHeader } from '../../src/formats/nifti/nifti.js';
import { encodeFloat } from '../../src/formats/nifti/write.js';
import type { Corpus } from './corpus.js';

const size = [9, 7, 5] as const;
const affine = [2, 0, 0, -9, 0, 3, 0, 8, 0, 0, 4, 7, 0, 0, 0, 1];
const voxels = Float32Array.from({ length: 9 * 7 * 5 }, (_, i) => Math.sin(i) * 100);

/** The same image as NIfTI-1. */
export const plain1 = new Uint8Array(gunzipSync(encodeFloat(voxels, createHeader({ size: [...size], affine }))));
/** And as NIfTI-2, put together by the standard's table of fields. */
export const plain2 = makeNifti2();

function makeNifti2(): Uint8Array {
  const bytes = new Uint8Array(544 + 4 * voxels.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 540, true);
  bytes.set([0x6e, 0x2b, 0x32, 0, 13, 10, 26, 10], 4);
  view.setInt16(12, 16, true);
  view.setInt16(14, 32, true);
  [3, ...size, 1, 1, 1, 1].forEach((n, i) => void view.setBigInt64(16 + 8 * i, BigInt(n), true));
  [1, 2, 3, 4].forEach((mm, i) => void view.setFloat64(104 + 8 * i, mm, true));
  view.setBigInt64(168, 544n, true);
  view.setFloat64(176, 1, true);
  view.setInt32(348, 1, true);
  affine.slice(0, 12).forEach((value, i) => void view.setFloat64(400 + 8 * i, value, true));
  bytes.set(new Uint8Array(voxels.buffer), 544);
  return bytes;
}

const gz = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));
const change = (bytes: Uint8Array, set: (view: DataView) => void): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  set(new DataView(copy.buffer));
  return copy;
};

export function addImages(corpus: Corpus): void {
  const image = { reader: 'image' } as const;
  for (const [format, plain, header] of [
    ['nifti1', plain1, 352],
    ['nifti2', plain2, 544],
  ] as const) {
    const both = (kind: string, bytes: Uint8Array, expect: 'valid' | 'error' | 'either') => {
      corpus.add('scan.nii', bytes, { ...image, kind: `${format} ${kind}`, expect });
      corpus.add('scan.nii.gz', gz(bytes), { ...image, kind: `${format} gz ${kind}`, expect });
    };
    both('untouched', plain, 'valid');
    for (const cut of corpus.truncations(plain, 120)) both('truncated', cut, 'error');
    const packed = gz(plain);
    for (const cut of corpus.truncations(packed.subarray(0, -8), 100)) {
      corpus.add('scan.nii.gz', cut, { ...image, kind: `${format} stream truncated`, expect: 'error' });
    }
    for (let i = 0; i < 150; i++) {
      const flips = 1 + (i % 3);
      both('header bits', corpus.flipped(plain, 0, header, flips), 'either');
      corpus.add('scan.nii', corpus.flipped(plain, header, plain.length, flips), {
        ...image,
        kind: `${format} voxel bits`,
        expect: 'valid',
      });
      corpus.add('scan.nii.gz', corpus.flipped(packed, 0, packed.length, flips), {
        ...image,
        kind: `${format} stream bits`,
        expect: 'either',
      });
    }
    for (const tail of [1, 7, 8, 4096]) {
      const garbage = Uint8Array.from({ length: tail }, () => corpus.integer(256));
      both('trailing garbage', Uint8Array.from([...plain, ...garbage]), 'valid');
      corpus.add('scan.nii.gz', Uint8Array.from([...packed, ...garbage]), {
        ...image,
        kind: `${format} garbage after the stream`,
        expect: 'either',
      });
    }
    addFields(format, plain, both);
  }
  addOddities(corpus);
}

function addFields(
  format: 'nifti1' | 'nifti2',
  plain: Uint8Array,
  both: (kind: string, bytes: Uint8Array, expect: 'valid' | 'error' | 'either') => void,
): void {
  const one = format === 'nifti1';
  const setDim = (view: DataView, i: number, n: number) => {
    if (one) view.setInt16(40 + 2 * i, n, true);
    else view.setBigInt64(16 + 8 * i, BigInt(n), true);
  };
  const absurd = one ? [0, -1, -32768, 32767, 30000] : [0, -1, 2 ** 31, -(2 ** 31), 2 ** 32 + 9, 2 ** 53, 2 ** 62];
  for (const n of absurd) {
    for (const axes of [[1], [2], [3], [1, 2], [1, 2, 3]]) {
      both(
        'absurd dimensions',
        change(plain, (view) => axes.forEach((i) => void setDim(view, i, n))),
        'error',
      );
    }
  }
  // Their product overflows 32 bits to a small number, 53 bits to a rounded one.
  for (const dims of one
    ? [
        [16384, 16384, 16],
        [4096, 4096, 256],
      ]
    : [
        [2 ** 16, 2 ** 16, 1],
        [2 ** 21, 2 ** 21, 2 ** 22],
      ]) {
    both(
      'overflowing product',
      change(plain, (view) => dims.forEach((n, i) => void setDim(view, i + 1, n))),
      'error',
    );
  }
  for (const rank of [0, 1, 2, 4, 5, 7, 8, -3, 1000]) {
    const bytes = change(plain, (view) => {
      setDim(view, 0, rank);
      setDim(view, 4, 3);
    });
    both('rank', bytes, 'error');
  }
  both(
    'rank of 4 with one volume',
    change(plain, (view) => setDim(view, 0, 4)),
    'valid',
  );
  for (const code of [0, 1, 3, 32, 128, 255, 1536, 1792, 2304, 4711, -1, 32767]) {
    both(
      'data type',
      change(plain, (view) => view.setInt16(one ? 70 : 12, code, true)),
      'error',
    );
  }
  for (const at of [0, 1, 5, 10]) {
    for (const value of [Number.NaN, Infinity, -Infinity, 0, 1e30, -1e-30]) {
      const bytes = change(plain, (view) => {
        for (let i = at; i < 12; i += 4) {
          if (one) view.setFloat32(280 + 4 * i, value, true);
          else view.setFloat64(400 + 8 * i, value, true);
        }
      });
      both('affine', bytes, value === 0 || Math.abs(value) < 1 ? 'either' : 'error');
    }
  }
  both(
    'singular affine',
    change(plain, (view) => {
      for (let i = 0; i < 12; i++) {
        if (one) view.setFloat32(280 + 4 * i, 1, true);
        else view.setFloat64(400 + 8 * i, 1, true);
      }
    }),
    'error',
  );
  const offsets = one ? [-1, 4, 352.5, 1e9, 2 ** 31, 1e30, Infinity] : [-1, 4, 2 ** 31, 2 ** 40, 2 ** 62];
  for (const offset of [...offsets, plain.length, plain.length + 1]) {
    const bytes = change(plain, (view) => {
      if (one) view.setFloat32(108, offset, true);
      else view.setBigInt64(168, BigInt(offset), true);
    });
    both('vox_offset', bytes, 'error');
  }
  // Extensions are stepped over by vox_offset alone, whatever their own sizes say.
  const start = one ? 352 : 544;
  for (const esize of [0, -16, 16, 2 ** 31 - 1, -(2 ** 31)]) {
    const bytes = new Uint8Array(plain.length + 16);
    bytes.set(plain.subarray(0, start));
    bytes.set(plain.subarray(start), start + 16);
    const view = new DataView(bytes.buffer);
    bytes[start - 4] = 1;
    view.setInt32(start, esize, true);
    if (one) view.setFloat32(108, start + 16, true);
    else view.setBigInt64(168, BigInt(start + 16), true);
    both('extension size', bytes, 'valid');
  }
}

function addOddities(corpus: Corpus): void {
  const image = { reader: 'image', kind: 'odd file' } as const;
  corpus.add('empty.nii', '', { ...image, expect: 'error' });
  corpus.add('empty.nii.gz', '', { ...image, expect: 'error' });
  corpus.add('empty-stream.nii.gz', gz(new Uint8Array()), { ...image, expect: 'error' });
  corpus.addMade(
    (folder) => {
      mkdirSync(path.join(folder, 'folder.nii.gz'));
      return path.join(folder, 'folder.nii.gz');
    },
    { ...image, expect: 'error' },
  );
  corpus.addMade(
    (folder) => {
      const [a, b] = ['a.nii', 'b.nii'].map((name) => path.join(folder, name));
      symlinkSync(a, b);
      symlinkSync(b, a);
      return a;
    },
    { ...image, kind: 'symlink loop', expect: 'error' },
  );
  for (const name of ['pipe.nii', 'pipe.nii.gz']) {
    const make = (folder: string) => [path.join(folder, name), path.join(folder, name)] as const;
    corpus.addPipe(make, { ...image, kind: 'pipe', expect: 'error' });
  }
  for (const device of ['/dev/null', '/dev/zero', '/dev/full']) {
    corpus.addMade(
      (folder) => {
        symlinkSync(device, path.join(folder, 'scan.nii'));
        return path.join(folder, 'scan.nii');
      },
      { ...image, kind: 'device', expect: 'error' },
    );
  }
  for (const name of [
    'line\nbreak.nii',
    'bell\u0007.nii',
    '..nii.nii',
    '...nii',
    'Bildgröße 脑.nii',
    '\u202egnp.nii',
    '__proto__.nii',
    '%2e%2e%2f.nii',
    '-o.nii',
  ]) {
    corpus.add(name, plain1, { ...image, kind: 'odd name', expect: 'valid' });
    corpus.add(name, plain1.subarray(0, 100), { ...image, kind: 'odd name, truncated', expect: 'error' });
  }
  // Large ratio, small declared size: what is behind the voxels is not inflated.
  const bomb = { ...image, kind: 'gzip bomb', expect: 'valid', weighed: true } as const;
  const padded = (bytes: number) => gz(Buffer.concat([plain1, new Uint8Array(bytes)]));
  for (const bytes of [2 ** 20, 2 ** 26]) corpus.add('bomb.nii.gz', padded(bytes), bomb);
  const members = [gz(plain1), ...new Array<Uint8Array>(16).fill(gz(new Uint8Array(2 ** 26)))];
  corpus.add('members.nii.gz', Buffer.concat(members), bomb);
  const far = change(plain1, (view) => view.setFloat32(108, 2 ** 29, true));
  corpus.add('far.nii.gz', gz(Buffer.concat([far, new Uint8Array(2 ** 26)])), { ...bomb, expect: 'error' });
  const liar = change(plain1, (view) => [512, 512, 512].forEach((n, i) => void view.setInt16(42 + 2 * i, n, true)));
  corpus.add('liar.nii.gz', gz(liar), { ...bomb, expect: 'error' });
}
