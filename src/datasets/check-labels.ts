/** What label values tell: unknown ones, and too little to learn from. */
import type { LabelSpace } from '../labels/label-space.js';
import { type Case, casesOf, type Dataset, splitParts } from './dataset.js';
import { aboutCase, type Finding, someOf } from './finding.js';
import type { ScannedCase } from './scan.js';
import { annotatedStructures, labelSpaceOf } from './structures.js';

/** A structure of fewer voxels in the usual case is at the limit of what the images resolve. */
const LITTLE = 10;

interface Labelled {
  readonly case: Case;
  readonly values: readonly number[];
  /** Of the target. */
  readonly foreground: number;
  readonly background: number;
}

export function checkLabels(dataset: Dataset, scanned: readonly ScannedCase[]): Finding[] {
  const space = labelSpaceOf(dataset);
  const isTarget = (value: number) =>
    value !== dataset.ignore && space.structures.some(({ values }) => (values ? values.includes(value) : value > 0));
  const labelled = scanned.flatMap(({ case: c, label }): Labelled[] => {
    if (!label) return [];
    const voxelsOf = (wanted: boolean) =>
      label.values.reduce((sum, value, i) => sum + (isTarget(value) === wanted ? label.voxels[i] : 0), 0);
    // What is to be ignored is neither.
    const ignored = label.voxels[label.values.indexOf(dataset.ignore ?? -1)] ?? 0;
    return [{ case: c, values: label.values, foreground: voxelsOf(true), background: voxelsOf(false) - ignored }];
  });
  return [
    ...labelled.flatMap((one) => checkValues(dataset, one)),
    ...checkForeground(dataset, labelled),
    ...(space.structures.length > 1
      ? checkStructures(dataset, space, labelled)
      : checkAbsent(dataset, labelled, isTarget)),
  ];
}

function checkValues(dataset: Dataset, { case: c, values, foreground, background }: Labelled): Finding[] {
  const found = aboutCase(c, c.label);
  const findings: Finding[] = [];
  const unknown = values.filter((value) => !Object.hasOwn(dataset.labels, value) && value !== dataset.ignore);
  const known = Object.keys(dataset.labels).join(', ');
  if (unknown.length > 0)
    findings.push(
      found(
        'error',
        'unknown-label-value',
        `label values ${someOf(unknown.map((v) => `${Number(v.toPrecision(6))}`))} are not in dataset.json, which names ${known}.`,
        unknown.every(Number.isInteger)
          ? 'Name them there or mend the label.'
          : 'Values between labels come of interpolation, or of a map of probabilities: make the label again with nearest-neighbour interpolation.',
      ),
    );
  if (foreground === 0)
    findings.push(
      found('warning', 'empty-foreground', 'the label has no foreground.', 'Make sure that this is meant.'),
    );
  else if (background === 0)
    findings.push(
      found(
        'warning',
        'no-background',
        'the label is foreground throughout.',
        'Make sure that this is meant: where the structure ends cannot be learnt from it.',
      ),
    );
  return findings;
}

/** Parts of the split from whose labels nothing can be learnt, or nothing can be told. */
function checkForeground(dataset: Dataset, labelled: readonly Labelled[]): Finding[] {
  const byName = new Map(labelled.map((one) => [one.case.name, one]));
  return splitParts.flatMap((part): Finding[] => {
    const cases = casesOf(dataset, part).flatMap(({ name }) => byName.get(name) ?? []);
    if (cases.length === 0) return [];
    const what = { train: 'training', calibration: 'calibration', test: 'test' }[part];
    const filled = cases.map(({ foreground }) => foreground).filter((n) => n > 0);
    if (filled.length === 0)
      return [
        {
          ...{ severity: part === 'test' ? 'warning' : 'error', kind: 'no-foreground', case: null, file: null },
          message: `none of ${cases.length} ${what} cases has foreground.`,
          advice: 'Mend the labels, or name the wanted label values under "target" in dataset.json.',
        },
      ];
    const largest = Math.max(...filled);
    if (part !== 'train' || largest >= LITTLE) return [];
    return [
      {
        ...{ severity: 'warning', kind: 'little-foreground', case: null, file: null },
        message: `the foreground of the training cases has at most ${largest} ${largest === 1 ? 'voxel' : 'voxels'}.`,
        advice: 'So little is hardly learnt: see whether the labels are meant, or use images of finer spacing.',
      },
    ];
  });
}

/** Structures that some references lack although others have them, and are not said to be unannotated there. */
function checkStructures(dataset: Dataset, space: LabelSpace, labelled: readonly Labelled[]): Finding[] {
  return space.structures.flatMap(({ name, values }, s): Finding[] => {
    const shown = labelled.filter(({ case: c }) => annotatedStructures(space, c)?.[s] !== false);
    const without = shown.filter((one) => !values!.some((value) => one.values.includes(value)));
    if (without.length === 0) return [];
    const cases = without.map(({ case: c }) => c.name);
    const never = without.length === shown.length;
    const others = space.structures.filter((_, other) => other !== s).map((one) => one.name);
    return [
      {
        severity: dataset.absent === 'unlabelled' && !never ? 'note' : 'warning',
        ...{ kind: 'label-absent', case: null, file: null },
        message: `structure ${name} has no voxel in ${without.length} of ${shown.length} cases: ${someOf(cases)}.`,
        advice: never
          ? 'It cannot be learnt: mend the labels, or leave it out of "labels".'
          : dataset.absent === 'unlabelled'
            ? 'It counts as not annotated there, as asked for.'
            : `Nothing to do where it is not in the image. Where it was not annotated, say so, or the network learns to miss it: in dataset.json "annotated": {${JSON.stringify(cases[0])}: ${JSON.stringify(others)}}, a line a case; or train with --absent unlabelled.`,
      },
    ];
  });
}

function checkAbsent(dataset: Dataset, labelled: readonly Labelled[], isTarget: (value: number) => boolean): Finding[] {
  return Object.entries(dataset.labels).flatMap(([key, name]): Finding[] => {
    const value = Number(key);
    const without = labelled.filter(({ values }) => !values.includes(value)).map(({ case: c }) => c.name);
    if (value === 0 || without.length === 0) return [];
    return [
      {
        severity: without.length === labelled.length && isTarget(value) ? 'warning' : 'note',
        ...{ kind: 'label-absent', case: null, file: null },
        message: `label ${value} (${name}) is missing in ${without.length} of ${labelled.length} cases: ${someOf(without)}.`,
        advice: isTarget(value)
          ? 'Nothing to do where the organ is not in the image; cases that were not labelled in full teach the network to miss it.'
          : 'Nothing to do: it is no part of the target.',
      },
    ];
  });
}
