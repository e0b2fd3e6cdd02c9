/** The part of the check that needs no file but dataset.json: case names, and who is in which split. */
import { type Case, casesOf, type Dataset, type SplitPart, splitParts } from './dataset.js';
import { nameMeant } from './dataset-remarks.js';
import type { Finding, FindingKind, Severity } from './finding.js';

/** Fewest cases of each part that a model can be made of: fewer are an error here, and so in training. */
const FEWEST_CASES: Readonly<Record<SplitPart, number>> = { train: 2, calibration: 1, test: 0 };

/** Two cases of one name, or of names that some file systems take for one. */
export function checkNames(dataset: Dataset): Finding[] {
  const files = new Map<string, Case>();
  const alike = new Map<string, Case>();
  return dataset.cases.flatMap((c): Finding[] => {
    const first = files.get(c.name);
    files.set(c.name, first ?? c);
    const namesake = alike.get(c.name.toLowerCase());
    alike.set(c.name.toLowerCase(), namesake ?? c);
    if (!first && namesake)
      return [
        {
          ...{ severity: 'warning', kind: 'case-name-alike', case: c.name, file: c.image },
          message: `the case differs from ${namesake.name} in capital letters only.`,
          advice: 'Rename one: on Windows and macOS the results of one would replace those of the other.',
        },
      ];
    if (!first) return [];
    const what = first.image === c.image ? 'is listed twice' : `has the name of another image, ${first.image}`;
    return [
      {
        ...{ severity: 'error', kind: 'case-name-twice', case: c.name, file: c.image },
        message: `the case ${what}.`,
        advice: 'Rename one or take it out.',
      },
    ];
  });
}

/**
 * Empty parts, names without a case, cases and groups in several parts, cases in none.
 * @param source path of dataset.json, which the findings name
 */
export function checkSplit(dataset: Dataset, source: string): Finding[] {
  const findings: Finding[] = [];
  const add = (severity: Severity, kind: FindingKind, name: string | null, message: string, advice: string) =>
    findings.push({ severity, kind, case: name, file: source, message, advice });
  const groupOf = new Map(dataset.cases.map((c) => [c.name, c.group]));
  const partOfCase = new Map<string, string>();
  const partsOfGroup = new Map<string, Set<string>>();
  const names = new Set(groupOf.keys());
  for (const part of splitParts) {
    const found = new Set(casesOf(dataset, part)).size;
    const fewest = FEWEST_CASES[part];
    const isSeeded = dataset.splitSource === 'seeded';
    if (dataset.split[part].length === 0)
      add(
        fewest > 0 ? 'error' : 'warning',
        'empty-split',
        null,
        `the split "${part}" is empty.`,
        isSeeded ? 'A split needs at least three groups of labelled cases: add cases.' : 'Name at least one case.',
      );
    else if (found < fewest)
      add(
        'error',
        'too-few-cases',
        null,
        `the split "${part}" has ${found} ${found === 1 ? 'case' : 'cases'}; expected at least ${fewest}.`,
        isSeeded ? 'Add cases: four groups of labelled cases are the fewest.' : 'Name more cases.',
      );
    for (const name of dataset.split[part]) {
      const group = groupOf.get(name);
      const earlier = partOfCase.get(name);
      if (group === undefined)
        add(
          'error',
          'unknown-case-in-split',
          name,
          `the split "${part}" names a case that does not exist.`,
          adviceOn(nameMeant(name, names)),
        );
      else partsOfGroup.set(group, (partsOfGroup.get(group) ?? new Set()).add(part));
      if (earlier === part)
        add('warning', 'case-twice-in-split', name, `the case is named twice in the split "${part}".`, 'Remove one.');
      else if (earlier)
        add(
          'error',
          'case-in-two-splits',
          name,
          `the case is in two splits, "${earlier}" and "${part}".`,
          'Keep it in one.',
        );
      partOfCase.set(name, earlier ?? part);
    }
  }
  for (const [group, parts] of partsOfGroup) {
    const members = dataset.cases.filter((c) => c.group === group);
    if (parts.size > 1 && members.length > 1)
      add(
        'error',
        'group-in-two-splits',
        null,
        `the group "${group}" (${members.map((c) => c.name).join(', ')}) is in several splits (${[...parts].join(', ')}).`,
        'Move it into one: figures would flatter.',
      );
  }
  for (const c of dataset.cases)
    if (c.label !== null && !partOfCase.has(c.name))
      add(
        'warning',
        'case-in-no-split',
        c.name,
        'the case is in no split and will not be used.',
        'Add it to one, or take it out.',
      );
  return findings;
}

const adviceOn = (meant: string | undefined): string =>
  meant === undefined ? 'Remove the name, or mend it.' : `Name it ${meant}, as the case is called.`;
