/** Damaged NRRD and MetaImage files, attached and detached. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import type { Corpus } from './corpus.js';

const size = [9, 7, 5];
const voxels = Buffer.from(Int16Array.from({ length: 315 }, (_, i) => 37 * i - 5000).buffer);

const nrrd = (encoding: string, more: readonly string[] = [], sizes = size) =>
  Buffer.from(
    [
      ...['NRRD0004', 'type: short', 'dimension: 3', 'space: left-posterior-superior', `sizes: ${sizes.join(' ')}`],
      ...['space directions: (2,0,0) (0,3,0) (0,0,4)', 'kinds: domain domain domain', 'space origin: (9,8,7)'],
      ...[`encoding: ${encoding}`, 'endian: little', ...more, '', ''],
    ].join('\n'),
  );
const meta = (compressed: boolean, where = 'LOCAL', sizes = size) =>
  Buffer.from(
    [
      ...['ObjectType = Image', 'NDims = 3', 'BinaryData = True', `CompressedData = ${compressed}`],
      ...['TransformMatrix = 1 0 0 0 1 0 0 0 1', 'Offset = 9 8 7', 'ElementSpacing = 2 3 4'],
      ...[`DimSize = ${sizes.join(' ')}`, 'ElementType = MET_SHORT', `ElementDataFile = ${where}`, ''],
    ].join('\n'),
  );

export function addTextImages(corpus: Corpus): void {
  const image = { reader: 'image' } as const;
  const text = Buffer.from([...new Int16Array(voxels.buffer, voxels.byteOffset, 315)].join(' '));
  const whole: readonly (readonly [string, string, Buffer, Buffer])[] = [
    ['nrrd raw', 'scan.nrrd', nrrd('raw'), voxels],
    ['nrrd gzip', 'scan.nrrd', nrrd('gzip'), gzipSync(voxels)],
    ['nrrd hex', 'scan.nrrd', nrrd('hex'), Buffer.from(voxels.toString('hex'))],
    ['nrrd ascii', 'scan.nrrd', nrrd('ascii'), text],
    ['mha raw', 'scan.mha', meta(false), voxels],
    ['mha deflate', 'scan.mha', meta(true), deflateSync(voxels)],
  ];
  for (const [kind, name, header, data] of whole) {
    const file = Buffer.concat([header, data]);
    corpus.add(name, file, { ...image, kind: `${kind} untouched`, expect: 'valid' });
    for (const cut of corpus.truncations(file, 40)) {
      // The last number of a text may be cut and still be one.
      corpus.add(name, cut, {
        ...image,
        kind: `${kind} truncated`,
        expect: kind.endsWith('ascii') ? 'either' : 'error',
      });
    }
    for (let i = 0; i < 100; i++) {
      const flips = 1 + (i % 3);
      const damaged = { ...image, expect: 'either' } as const;
      corpus.add(name, corpus.flipped(file, 0, header.length, flips), { ...damaged, kind: `${kind} header bits` });
      corpus.add(name, corpus.flipped(file, header.length, file.length, flips), { ...damaged, kind: `${kind} bits` });
    }
  }
  for (const sizes of [
    [0, 7, 5],
    [-9, 7, 5],
    [9.5, 7, 5],
    [1e9, 1e9, 1e9],
    [2 ** 31, 2, 2],
    [4096, 4096, 4096],
    [512, 512, 512],
  ]) {
    const absurd = { ...image, kind: 'absurd sizes', expect: 'error', weighed: true } as const;
    corpus.add('scan.nrrd', Buffer.concat([nrrd('raw', [], sizes), voxels]), absurd);
    corpus.add('scan.nrrd', Buffer.concat([nrrd('gzip', [], sizes), gzipSync(voxels)]), absurd);
    corpus.add('scan.mha', Buffer.concat([meta(true, 'LOCAL', sizes), deflateSync(voxels)]), absurd);
  }
  // Large ratio, small declared size.
  const bomb = { ...image, kind: 'text header bomb', expect: 'valid', weighed: true } as const;
  const padded = Buffer.concat([voxels, Buffer.alloc(2 ** 26)]);
  corpus.add('bomb.nrrd', Buffer.concat([nrrd('gzip'), gzipSync(padded)]), bomb);
  corpus.add('bomb.mha', Buffer.concat([meta(true), deflateSync(padded)]), bomb);
  const skip = nrrd('gzip', [`byte skip: ${2 ** 40}`]);
  corpus.add('skip.nrrd', Buffer.concat([skip, gzipSync(padded)]), { ...bomb, expect: 'error' });
  addDetached(corpus);
}

/** Headers whose voxels are said to be elsewhere. */
function addDetached(corpus: Corpus): void {
  const names = ['voxels.raw', 'missing.raw', '../scan.raw', '/etc/passwd', 'a\0b', 'LIST', '%03d.raw 1 9 1', '.', ''];
  for (const [i, name] of names.entries()) {
    const details = { reader: 'image', kind: 'detached', expect: i === 0 ? 'valid' : 'error' } as const;
    for (const [file, header] of [
      ['scan.nhdr', nrrd('raw', [`data file: ${name}`])],
      ['scan.mhd', meta(false, name)],
    ] as const) {
      corpus.addMade((folder) => {
        writeFileSync(path.join(folder, 'voxels.raw'), voxels);
        writeFileSync(path.join(folder, file), header);
        return path.join(folder, file);
      }, details);
    }
  }
}
