/** Figures of single structures, how often one is taken for another, and what is found where nothing should be. */
import type { Interval } from '../math/bootstrap.js';
import type { Confusion, StructureMeasures } from '../metrics/structures.js';
import type { CaseResult, OodResult } from './case-result.js';
import { type Estimate, groupOfCase, groupOfOodImage, meanOver } from './figures.js';

/** Means over the cases whose reference shows a structure. */
export interface StructureSummary {
  /** Cases whose reference does not show it: they are in none of the figures. */
  readonly notAnnotated: number;
  readonly dice: Interval;
  readonly hd95Mm: Interval;
  readonly assdMm: Interval;
  readonly nsd: Interval;
  /** Predicted minus reference volume, in ml. */
  readonly volumeErrorMl: Interval;
}

/** The largest share, over cases, of a structure's voxels that were called another's. */
export interface ConfusionSummary extends Confusion {
  readonly case: string;
}

/** Mean foreground of images of a set under one task's name; of a task's own images it is what it should find. */
export interface ForegroundSummary {
  /** A task, or a set of images without references. */
  readonly set: string;
  /** Whose plan and name the images were segmented under. */
  readonly as: string;
  readonly voxels: Interval;
  readonly ml: Interval;
}

/** By structure; empty of a task of one. */
export function summariseStructures(
  cases: readonly CaseResult[],
  estimate: Estimate,
): Readonly<Record<string, StructureSummary>> {
  const names = cases.find(({ structures }) => structures)?.structures?.map(({ structure }) => structure) ?? [];
  return Object.fromEntries(
    names.map((name, s) => {
      const figure = (value: (one: StructureMeasures) => number | null) =>
        meanOver(estimate, cases, (c) => (c.structures ? value(c.structures[s]) : null));
      return [
        name,
        {
          notAnnotated: cases.filter(({ structures }) => structures?.[s].annotated === false).length,
          dice: figure((one) => one.dice),
          hd95Mm: figure((one) => one.hd95Mm),
          assdMm: figure((one) => one.assdMm),
          nsd: figure((one) => one.nsd),
          volumeErrorMl: figure((one) => (one.referenceMl === null ? null : one.predictedMl - one.referenceMl)),
        },
      ];
    }),
  );
}

/** Pairs of which any voxel is confused in any case, the worst first. */
export function summariseConfusions(cases: readonly CaseResult[]): ConfusionSummary[] {
  const worst = new Map<string, ConfusionSummary>();
  for (const { case: name, confusions = [] } of cases) {
    for (const one of confusions) {
      const key = JSON.stringify([one.structure, one.calledOther]);
      if (one.share > (worst.get(key)?.share ?? 0)) worst.set(key, { ...one, case: name });
    }
  }
  return [...worst.values()].sort((a, b) => b.share - a.share);
}

/** Every set under every task's name that it was run for. */
export function summariseForeground(
  cases: readonly CaseResult[],
  oodImages: readonly OodResult[],
  estimate: Estimate,
): ForegroundSummary[] {
  const seen = [
    ...cases.map((c) => ({ set: c.task, group: groupOfCase(c), foreground: c.foreground })),
    ...oodImages.map((c) => ({ set: c.set, group: groupOfOodImage(c), foreground: c.foreground ?? {} })),
  ];
  const sets = [...new Set(seen.map(({ set }) => set))];
  const tasks = [...new Set(seen.flatMap(({ foreground }) => Object.keys(foreground)))];
  return sets.flatMap((set) =>
    tasks.flatMap((as) => {
      const found = seen.flatMap(({ set: of, group, foreground }) =>
        of === set && Object.hasOwn(foreground, as) ? [{ group, ...foreground[as] }] : [],
      );
      if (found.length === 0) return [];
      const meanOf = (key: 'voxels' | 'ml') =>
        estimate(
          found,
          ({ group }) => group,
          (items) => items.reduce((sum, item) => sum + item[key], 0) / items.length,
        );
      return [{ set, as, voxels: meanOf('voxels'), ml: meanOf('ml') }];
    }),
  );
}
