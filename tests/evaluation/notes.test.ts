/** What figures leave out is said where it happened, and nothing where it did not. */
import { describe, expect, it } from 'vitest';
import { notesOnData } from '../../src/evaluation/notes.js';
import { summarise } from '../../src/evaluation/summarise.js';
import { syntheticCase } from './synthetic.js';

const model = { name: 'm', sha256: '0' };
const groups = (cases: ReturnType<typeof syntheticCase>[]) => cases.map((c, i) => ({ ...c, group: `g${i}` }));
const notesOf = (cases: ReturnType<typeof syntheticCase>[]) =>
  summarise({ model, cases: groups(cases) }, { resamples: 5 }).notes;

describe('notes', () => {
  it('are none where nothing was left out', () => {
    expect(notesOf([syntheticCase(), syntheticCase()])).toEqual([]);
    expect(summarise({ model, cases: [] }, { resamples: 5 }).notes).toEqual([]);
  });

  it('count images with NaN, and distances that are undefined, one of the two or both', () => {
    const invalid = notesOf([syntheticCase(), syntheticCase({ case: 'hole', invalidVoxels: 3 })]);
    expect(invalid).toEqual([expect.stringContaining('1 of 2 images hold NaN or infinite voxels (hole)')]);
    const far = notesOf([syntheticCase(), syntheticCase({ hd95Mm: null }), syntheticCase({ assdMm: null })]);
    expect(far).toEqual([expect.stringContaining('distances in mm are undefined for 2 of 3 cases')]);
  });

  it('tell an empty reference from an empty prediction, and both', () => {
    const found = notesOf([
      syntheticCase(),
      syntheticCase({ case: 'no reference', referenceMl: 0 }),
      syntheticCase({ case: 'no prediction', predictedMl: 0 }),
      syntheticCase({ case: 'neither', referenceMl: 0, predictedMl: 0 }),
    ]);
    expect(found[0]).toContain('the reference is empty in 2 of 4 cases (no reference, neither)');
    expect(found[1]).toContain('not in 1 of 4 cases (no prediction)');
    expect(found[2]).toContain('in 1 of 4 cases reference and prediction are both empty');
    expect(found.length).toBe(3);
  });

  it('say of data sets that their split was seeded, of tasks that were evaluated that one component is kept', () => {
    const calibration = { keepLargest: true } as Parameters<typeof notesOnData>[0]['tasks'][number]['calibration'];
    const tasks = [
      { name: 'a', calibration },
      { name: 'b', calibration: { ...calibration, keepLargest: false } },
      { name: 'c', calibration },
    ];
    const sets = [
      { name: 'a', splitSource: 'seeded' as const },
      { name: 'b', splitSource: 'dataset.json' as const },
    ];
    expect(notesOnData({ tasks }, sets)).toEqual([
      expect.stringMatching(/^a: dataset\.json names no split/),
      expect.stringMatching(/^a: of each mask only the largest/),
    ]);
  });
});
