/** What figures leave out is said where it happened, and nothing where it did not. */
import { describe, expect, it } from 'vitest';
import { notesOnData } from '../../src/evaluation/notes.js';
import { summarise } from '../../src/evaluation/summarise.js';
import { syntheticCase, syntheticVerdict } from './synthetic.js';

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

  it('tell verdicts that rest on the pool, and those that are undetermined', () => {
    const judged = (kind: 'per-task' | 'pooled', verdict: 'in-distribution' | 'undetermined') => {
      const base = syntheticVerdict(0.5, { n: { a: 30, b: 5 } });
      return {
        ...base,
        verdict,
        ood: { ...base.ood, guarantee: { ...base.ood.guarantee, kind, minimumAlpha: 1 / 6 } },
      };
    };
    const own = notesOf(
      [judged('per-task', 'in-distribution'), judged('per-task', 'in-distribution')].map((verdict) =>
        syntheticCase({ verdict }),
      ),
    );
    expect(own.filter((note) => /mixture|undetermined/.test(note))).toEqual([]);
    const pooled = notesOf(
      [judged('per-task', 'in-distribution'), judged('pooled', 'in-distribution')].map((verdict) =>
        syntheticCase({ verdict }),
      ),
    );
    expect(pooled.filter((note) => note.includes('mixture'))).toEqual([
      expect.stringMatching(/at alpha 0\.05: b \(5\)\. The bound/),
    ]);
    const open = notesOf(
      [judged('pooled', 'undetermined'), judged('pooled', 'in-distribution')].map((verdict) =>
        syntheticCase({ verdict }),
      ),
    );
    expect(open.filter((note) => note.includes('undetermined'))[0]).toMatch(
      /^1 of 2 verdicts are undetermined: .*no alpha below 0\.17/,
    );
  });

  it('name what failed, by task, and what its Dice would be', () => {
    const failed = ['liver', 'spleen'].map((task) => ({
      task,
      case: `${task}-x`,
      error: { tag: 'ImageFormatError', message: 'cut off' },
    }));
    const summary = summarise({ model, cases: groups([syntheticCase({ dice: 0.8 })]), failed }, { resamples: 5 });
    expect(summary.tasks.liver.failed).toBe(1);
    expect(summary.tasks.spleen).toMatchObject({ n: 0, failed: 1 });
    expect(summary.notes.slice(0, 4)).toEqual([
      'liver: liver-x could not be evaluated (cut off)',
      'spleen: spleen-x could not be evaluated (cut off)',
      'liver: 1 of 2 cases failed; counted as Dice 0 the mean Dice would be 0.400.',
      'spleen: 1 of 1 cases failed; counted as Dice 0 the mean Dice would be 0.000.',
    ]);
  });

  it('state whose spacing is made up, and only of tasks that were evaluated', () => {
    const cases = groups([syntheticCase(), syntheticCase({ task: 'heart' })]);
    const { settings, ood } = summarise({ model, cases, placeholderSpacing: ['heart', 'knee'] }, { resamples: 5 });
    expect(settings.placeholderSpacing).toEqual(['heart']);
    expect(settings.bins).toBe(5);
    expect(ood.default).toBe('soft-maximum');
    const nothing = summarise({ model, cases: [] }, { resamples: 5 });
    expect([nothing.settings.bins, nothing.ood.default]).toEqual([null, '']);
  });
});
