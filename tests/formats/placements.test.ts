/** Where images lie by nibabel and by ITK, and what is said where the two, or parts of one header, differ. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { itkPlacement } from '../../src/formats/nifti/itk-placement.js';
import { affineDifferences } from '../../src/formats/place-text.js';
import { bytesOf, largestDifference } from './golden.js';
import { decodeHeader, niftiBytes } from './memory-file.js';

interface Row {
  readonly name: string;
  readonly header: string;
  readonly nibabel: readonly number[];
  readonly itk: readonly number[] | null;
}

/** Made by placements.py. */
const { rows } = JSON.parse(readFileSync(new URL('placements.json', import.meta.url), 'utf8')) as { rows: Row[] };

const headerOf = (row: Row) => decodeHeader(bytesOf(row.header), 'scan.nii');

describe('placement in space', () => {
  it.each(rows)('$name: as nibabel, in millimetres, and as ITK', async (row) => {
    const header = await headerOf(row);
    const mm = row.name.endsWith('micron') ? 0.001 : 1;
    const expected = row.nibabel.map((value, i) => (i < 12 ? value * mm : value));
    expect(largestDifference(header.grid.affine, expected)).toBeLessThan(1e-5);
    const itk = itkPlacement(niftiBytes(header));
    if (row.itk === null) expect(itk).toBeNull();
    else expect(largestDifference(itk!.affine, row.itk)).toBeLessThan(1e-4);
  });

  it('is remarked on wherever ITK programs place the image elsewhere', async () => {
    let differing = 0;
    for (const row of rows) {
      const { grid, remarks } = await headerOf(row);
      if (row.itk === null || affineDifferences(grid.affine, row.itk).length === 0) continue;
      differing++;
      expect(remarks.map(({ text }) => text).join(' ')).toMatch(/ITK programs .*(elsewhere|pixdim|y to the back)/);
    }
    expect(differing).toBeGreaterThan(15);
  });

  it('names both readings and the culprit', async () => {
    const said = async (name: string) => {
      const header = await headerOf(rows.find((row) => row.name === name)!);
      return header.remarks.map(({ kind, text, advice }) => [kind, `${text}. ${advice}.`]);
    };
    expect(await said('sform 1, qform 1 the same, mm')).toEqual([]);
    expect(await said('sform 1, qform 1 a little moved, mm')).toEqual([]);
    const flipped = await said('sform 1, qform 1 flipped, mm');
    expect(flipped).toEqual([['header-disagrees', expect.stringMatching(/sform and qform disagree \(voxel axes/)]]);
    expect(flipped[0][1]).toContain('programs that prefer the qform');
    const coarser = await said('sform 1, qform 1 coarser, mm');
    expect(coarser[0][1]).toContain('spacing 1 x 1.5 x 2 mm and 2 x 2 x 5 mm');
    expect(coarser[0][1]).toContain('take the spacing of pixdim');
    expect((await said('sform 4, qform 1 turned, mm'))[0][1]).toMatch(/name different spaces \(sform code 4/);
    expect((await said('sform 2, qform 1 moved, mm'))[0][1]).toMatch(/first voxel 2 mm apart.*by the qform/);
    expect((await said('sform 1, qform 0 coarser, mm'))[0][1]).toContain('sform and pixdim disagree');
    expect((await said('sform 1, qform 1 default, mm'))[0][1]).toContain('The qform is the default');
    expect((await said('sform 0, qform 0 the same, mm'))[0][0]).toBe('no-orientation');
    const micron = await said('sform 1, qform 1 the same, micron');
    expect(micron).toEqual([['spatial-unit', expect.stringContaining('micrometre')]]);
    expect(micron[0][1]).toContain('0.001 x 0.0015 x 0.002 mm');
  });
});
