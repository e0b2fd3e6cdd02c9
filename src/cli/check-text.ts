/** A check's report for people: by data set, worst first, what is repeated said once. */

import type { CheckedDataset, CheckReport } from '../datasets/check-report.js';
import { type FindingsOfKind, findingsByKind } from '../datasets/finding.js';
import { listText, plainText, plural } from './text.js';

/** Findings of one kind that are shown; the others are counted. */
const SHOWN = 3;

export function checkText(report: CheckReport): string {
  const cases = report.datasets.reduce((sum, set) => sum + set.cases, 0);
  const what = `${plural(report.datasets.length, 'data set')}, ${plural(cases, 'case')}`;
  return [...report.datasets.map(datasetText), `${what}: ${countsText(report.counts)}.\n${verdictText(report)}`].join(
    '\n\n',
  );
}

function countsText({ errors, warnings, notes }: CheckReport['counts']): string {
  return listText([plural(errors, 'error'), plural(warnings, 'warning'), plural(notes, 'note')]);
}

function verdictText({ verdict, quick }: CheckReport): string {
  const scope = quick ? ' As far as headers tell; without --quick the voxels are checked too.' : '';
  const verdicts: Readonly<Record<CheckReport['verdict'], string>> = {
    errors: 'Not fit for training: mend the errors first.',
    warnings: 'Fit for training, if the warnings are meant to be.',
    sound: 'Fit for training.',
  };
  return `${verdicts[verdict]}${scope}`;
}

function datasetText(set: CheckedDataset): string {
  const title = `${plainText(set.name)}  (${plural(set.cases, 'case')})`;
  const groups = findingsByKind(set.findings);
  if (groups.length === 0) return `${title}\n  nothing found`;
  return [title, ...groups.map((group) => groupText(group, set))].join('\n');
}

function groupText({ severity, kind, findings }: FindingsOfKind, set: CheckedDataset): string {
  const named = new Set(findings.flatMap((finding) => finding.case ?? []));
  const often =
    findings.length === 1
      ? ''
      : named.size === findings.length
        ? `: ${named.size} of ${plural(set.cases, 'case')}`
        : `: ${findings.length} times`;
  const shown = findings.slice(0, SHOWN);
  const sameAdvice = shown.every(({ advice }) => advice === shown[0].advice);
  const lines = shown.flatMap(({ case: name, file, message, advice }) => {
    const path = file === null ? null : relative(file, set.folder);
    const where = [name !== null && path?.includes(name) ? null : name, path]
      .filter((part) => part !== null)
      .join(', ');
    const what = plainText(`${where === '' ? '' : `${where}: `}${message}`);
    return [`    ${what}`, ...(sameAdvice ? [] : [`      -> ${plainText(advice)}`])];
  });
  const left = findings.length - shown.length;
  if (left > 0) lines.push(`    ... and ${left} more (--json lists all)`);
  if (sameAdvice) lines.push(`    -> ${plainText(shown[0].advice)}`);
  return [`  ${severity} ${kind}${often}`, ...lines].join('\n');
}

/** Paths within the data set are shorter; others stay whole. */
function relative(file: string, folder: string): string {
  return file.startsWith(`${folder}/`) || file.startsWith(`${folder}\\`) ? file.slice(folder.length + 1) : file;
}
