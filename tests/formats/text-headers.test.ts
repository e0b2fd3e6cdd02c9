/** NRRD and MetaImage headers that say less, more or something else than usual. */
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isCandorError } from '../../src/errors.js';
import { spacingOf } from '../../src/volume/orientation.js';
import { decode, decodeHeader } from './memory-file.js';

const size = [7, 5, 3];
const stored = Int16Array.from({ length: 105 }, (_, i) => 31 * i - 1000);
const raw = Buffer.from(stored.buffer);
const values = Float32Array.from(stored);

function nrrd(lines: readonly string[], data: Uint8Array = raw, encoding = 'raw', ending = '\n'): Uint8Array {
  const own = lines.some((line) => line.startsWith('dimension')) ? [] : ['dimension: 3', `sizes: ${size.join(' ')}`];
  const text = ['NRRD0004', 'type: short', ...own, `encoding: ${encoding}`, 'endian: little', ...lines, '', ''];
  return Buffer.concat([Buffer.from(text.join(ending)), data]);
}

function meta(lines: readonly string[], data: Uint8Array = raw, ending = '\n'): Uint8Array {
  const own = lines.some((line) => line.startsWith('NDims')) ? [] : ['NDims = 3', `DimSize = ${size.join(' ')}`];
  const text = ['ObjectType = Image', ...own, ...lines, 'ElementType = MET_SHORT', 'ElementDataFile = LOCAL', ''];
  return Buffer.concat([Buffer.from(text.join(ending)), data]);
}

const lps = ['space: LPS', 'space directions: (2,0,0) (0,3,0) (0,0,4)', 'space origin: (10,20,30)'];
const matrix = 'TransformMatrix = 1 0 0 0 1 0 0 0 1';

async function place(file: Uint8Array, name = 'scan.nrrd') {
  const { volume, header } = await decode(file, name);
  expect(volume.data).toEqual(values);
  const { affine } = header.grid;
  const digits = (list: readonly number[]) => list.map((value) => Number(value.toPrecision(9)) + 0);
  return {
    spacing: digits(spacingOf(affine)),
    origin: digits([affine[3], affine[7], affine[11]]),
    kinds: header.remarks.map(({ kind }) => kind),
    said: header.remarks.map(({ text }) => text).join(' '),
  };
}

async function refusal(file: Uint8Array, name = 'scan.nrrd'): Promise<string> {
  const error: unknown = await decode(file, name).then(
    () => 'read',
    (reason: unknown) => reason,
  );
  if (!isCandorError(error)) throw new Error(String(error));
  expect(error.message.startsWith(`${name}: `)).toBe(true);
  return `${error.tag} ${error.message}`;
}

describe('NRRD', () => {
  it('units of length are honoured, along the axes of space or of the image', async () => {
    expect(await place(nrrd(lps))).toMatchObject({ spacing: [2, 3, 4], origin: [-10, -20, 30], kinds: [] });
    for (const unit of ['um', 'µm', 'micron']) {
      const found = await place(nrrd([...lps, `space units: "${unit}" "${unit}" "${unit}"`]));
      expect(found).toMatchObject({ spacing: [0.002, 0.003, 0.004], origin: [-0.01, -0.02, 0.03] });
      expect(found.kinds).toEqual(['spatial-unit']);
    }
    expect((await place(nrrd([...lps, 'space units: "mm" "mm" "mm"']))).kinds).toEqual([]);
    const mixed = await place(nrrd(['spacings: 2 3 4', 'units: "cm" "mm" ""']));
    expect(mixed).toMatchObject({ spacing: [20, 3, 4], kinds: ['no-orientation', 'spatial-unit'] });
    const odd = await place(nrrd([...lps, 'space units: "furlong" "mm" "mm"']));
    expect(odd).toMatchObject({ spacing: [2, 3, 4], said: expect.stringContaining('"furlong", is not known') });
  });

  it('spacing and origin come from axis mins and maxs where there are no spacings', async () => {
    const range = ['axis mins: 0 0 0', 'axis maxs: 14 15 12'];
    const cell = await place(nrrd(range));
    expect(cell).toMatchObject({ spacing: [2, 3, 4], origin: [-1, -1.5, 2] });
    expect(cell.kinds).toEqual(['no-orientation', 'header-disagrees']);
    expect(cell.said).toContain('ITK programs (3D Slicer, ITK-SNAP, ANTs) take 1 mm');
    expect(await place(nrrd([...range, 'centers: cell cell cell']))).toMatchObject({ spacing: [2, 3, 4] });
    const node = await place(nrrd(['axis mins: 1 2 3', 'axis maxs: 13 14 11', 'centers: node node node']));
    expect(node).toMatchObject({ spacing: [2, 3, 4], origin: [-1, -2, 3] });
    const both = await place(nrrd(['spacings: 1 3 4', ...range]));
    expect(both).toMatchObject({ spacing: [1, 3, 4], kinds: ['no-orientation', 'header-disagrees'] });
    const none = await place(nrrd([]));
    expect(none).toMatchObject({ spacing: [1, 1, 1], kinds: ['no-orientation', 'no-spacing'] });
    expect((await place(nrrd(['spacings: nan 3 4']))).kinds).toContain('no-spacing');
  });

  it('without a named space its sides are guessed, and said to be', async () => {
    expect((await place(nrrd(['spacings: 2 3 4']))).kinds).toEqual(['no-orientation']);
    expect((await place(nrrd(['space dimension: 3', ...lps.slice(1)]))).kinds).toEqual(['no-orientation']);
  });

  it('its stored type is told', async () => {
    expect((await decodeHeader(nrrd(lps), 'scan.nrrd')).type).toBe('int16');
  });

  it('one volume of a series is read, colours are refused', async () => {
    const directions = 'space directions: none (2,0,0) (0,3,0) (0,0,4)';
    const one = ['dimension: 4', 'sizes: 1 7 5 3', 'kinds: list domain domain domain', 'space: LPS', directions];
    expect(await place(nrrd(one))).toMatchObject({ spacing: [2, 3, 4] });
    expect(await place(nrrd(['dimension: 4', 'sizes: 7 5 3 1', 'spacings: 2 3 4 nan']))).toMatchObject({
      spacing: [2, 3, 4],
    });
    const colours = await refusal(nrrd(['dimension: 3', 'sizes: 3 7 5', 'kinds: RGB-color domain domain']));
    expect(colours).toMatch(/^UnsupportedError .*expected one number a voxel, found 3 .*rgb-color/);
    expect(await refusal(nrrd(['dimension: 3', 'sizes: 35 3 1']))).toMatch(
      /^UnsupportedError .*found 2D \(35 x 3 x 1\)/,
    );
  });

  it('is read in every encoding, with skips and line ends of other systems', async () => {
    expect(await place(nrrd(lps, gzipSync(raw), 'gzip'))).toMatchObject({ spacing: [2, 3, 4] });
    const skipped = gzipSync(Buffer.concat([Buffer.from('123'), raw]));
    await place(nrrd([...lps, 'byte skip: 3'], skipped, 'gz'));
    await place(nrrd([...lps, 'line skip: 2'], Buffer.concat([Buffer.from('a\nb\n'), raw])));
    await place(nrrd([...lps, 'byte skip: -1'], Buffer.concat([Buffer.from('??'), raw])));
    await place(nrrd(lps, Buffer.from(raw.toString('hex').replace(/(.{60})/g, '$1\n')), 'hex'));
    await place(nrrd(lps, Buffer.from([...stored].join(', ')), 'ascii'));
    await place(nrrd(lps, raw, 'raw', '\r\n'));
    expect(await refusal(nrrd(lps, Buffer.from([...stored.subarray(1)].join(' ')), 'ascii'))).toContain('truncated');
    expect(await refusal(nrrd(lps, Buffer.from('1 2 x '.repeat(35)), 'ascii'))).toContain('found "x"');
    expect(await refusal(nrrd(lps, Buffer.from('zz'.repeat(210)), 'hex'))).toContain('hexadecimal');
    expect(await refusal(nrrd(lps, raw, 'bzip2'))).toContain('bzip2');
    expect(await refusal(nrrd(lps, gzipSync(raw).subarray(0, -12), 'gzip'))).toContain('ends early');
    const noEndian = Buffer.from(Buffer.from(nrrd(lps)).toString('latin1').replace('endian: little\n', ''), 'latin1');
    expect(await refusal(noEndian)).toContain('an endian');
  });
});

describe('MetaImage', () => {
  const compressed = [matrix, 'CompressedData = True'];

  it('is inflated without being told the size of the compressed data', async () => {
    for (const packed of [deflateSync(raw), gzipSync(raw)]) {
      await place(meta(compressed, packed), 'scan.mha');
      await place(meta([...compressed, `CompressedDataSize = ${packed.length}`], packed), 'scan.mha');
    }
    const cut = deflateSync(raw).subarray(0, -20);
    expect(await refusal(meta(compressed, cut), 'scan.mha')).toContain('ends early');
    expect(await refusal(meta(compressed, deflateSync(raw.subarray(2))), 'scan.mha')).toContain('truncated');
    const damaged = Buffer.from(deflateSync(raw, { level: 0 }));
    damaged[50] ^= 1;
    expect(await refusal(meta(compressed, damaged), 'scan.mha')).toContain('damaged');
  });

  it('units of length are honoured; a missing matrix or spacing is told', async () => {
    const spacing = 'ElementSpacing = 2 3 4';
    expect(await place(meta([matrix, spacing]), 'scan.mha')).toMatchObject({ spacing: [2, 3, 4], kinds: [] });
    const micron = await place(meta([matrix, spacing, 'Offset = 10 20 30', 'DistanceUnits = um']), 'scan.mha');
    expect(micron).toMatchObject({ spacing: [0.002, 0.003, 0.004], origin: [-0.01, -0.02, 0.03] });
    expect(micron.kinds).toEqual(['spatial-unit']);
    expect((await place(meta([spacing]), 'scan.mha')).kinds).toEqual(['no-orientation']);
    expect((await place(meta([matrix]), 'scan.mha')).kinds).toEqual(['no-spacing']);
    expect(await place(meta([matrix, 'ElementSize = 2 3 4']), 'scan.mha')).toMatchObject({ spacing: [2, 3, 4] });
    const turned = await place(meta(['Rotation = 0 1 0 1 0 0 0 0 1', spacing, 'Position = 5 6 7']), 'scan.mha');
    expect(turned).toMatchObject({ origin: [-5, -6, 7], kinds: [] });
  });

  it('is read as text, with other line ends, and as one volume of a series', async () => {
    await place(meta([matrix, 'BinaryData = False'], Buffer.from([...stored].join(' '))), 'scan.mha');
    await place(meta([matrix], raw, '\r\n'), 'scan.mha');
    const series = ['NDims = 4', 'DimSize = 7 5 3 1', 'ElementSpacing = 2 3 4 1'];
    expect(await place(meta(series), 'scan.mha')).toMatchObject({ spacing: [2, 3, 4] });
    expect(await refusal(meta(['NDims = 3', 'DimSize = 35 3 1']), 'scan.mha')).toContain('found 2D');
    expect(await refusal(meta([matrix, 'HeaderSize = x']), 'scan.mha')).toContain('HeaderSize');
    expect(await refusal(meta(['TransformMatrix = 1 0 0']), 'scan.mha')).toContain('9 numbers as TransformMatrix');
  });
});
