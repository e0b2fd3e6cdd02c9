/** What a prediction found, one line a case: the verdict first, because it decides what the rest is worth. */
import { someOf } from '../datasets/finding.js';
import type { Verdict } from '../ood/verdict.js';
import { absent, fixed, plainText, plural, pValueText, tableText } from './text.js';

/** The part of a case's JSON that a line is made from. */
export interface JudgedCase extends Verdict {
  readonly case: string;
  readonly volumeMl: number | null;
  readonly remarks?: readonly string[];
  readonly estimatedDice: number | null;
  readonly files: { readonly mask: string | null };
}

const words: Readonly<Record<Verdict['verdict'], string>> = {
  'in-distribution': 'in distribution',
  'out-of-distribution': 'OUT OF DISTRIBUTION',
  undetermined: 'undetermined',
};

const heading = ['case', 'verdict', 'p', 'nearest task', 'volume', 'est. Dice', 'mask'];

/** Aligned lines with a heading, and below them what there is to remark on single cases. */
export function casesText(cases: readonly JudgedCase[]): string {
  const rows = cases.map(({ case: name, verdict, ood, volumeMl, estimatedDice, files }) => [
    plainText(name),
    words[verdict],
    pValueText(ood.pValue),
    plainText(ood.nearestTask ?? absent),
    volumeMl === null ? absent : `${fixed(volumeMl, 1)} ml`,
    fixed(estimatedDice, 2),
    plainText(files.mask ?? 'not written'),
  ]);
  const remarks = cases.flatMap(({ case: name, remarks = [] }) => remarks.map((text) => plainText(`${name}: ${text}`)));
  return [tableText(rows, { heading, alignRight: [2, 4, 5] }), ...remarks].join('\n');
}

/** What was remarked on images, a line each, alike remarks together; empty where there is nothing. */
export function remarksText(
  cases: readonly { readonly case: string; readonly remarks: readonly string[] }[],
): string[] {
  const alike = new Map<string, string[]>();
  for (const { case: name, remarks } of cases) {
    for (const remark of remarks) alike.set(remark, [...(alike.get(remark) ?? []), name]);
  }
  return [...alike].map(([remark, names]) => plainText(`${someOf(names)}: ${remark}.`));
}

/** "12 images: 9 in distribution, 2 out of distribution, 1 could not be done." */
export function countsText(cases: readonly Verdict[], failed: number): string {
  const kinds = Object.keys(words) as Verdict['verdict'][];
  const counts = kinds.map(
    (kind) => [cases.filter((c) => c.verdict === kind).length, kind.replaceAll('-', ' ')] as const,
  );
  const parts = [...counts, [failed, 'could not be done'] as const].filter(([n]) => n > 0);
  const details = parts.map(([n, what]) => `${n} ${what}`).join(', ');
  return `${plural(cases.length + failed, 'image')}: ${details || 'nothing to do'}.`;
}

/** A verdict as a sentence for someone who has never met one. */
export function verdictSentence({ verdict, ood }: Verdict): string {
  const p = `p = ${pValueText(ood.pValue)}`;
  switch (verdict) {
    case 'in-distribution':
      return `This image looks like the ${plainText(ood.nearestTask ?? '')} scans that the model knows (${p}).`;
    case 'out-of-distribution':
      return `This image is not like anything the model was trained on (${p}): do not trust the mask.`;
    case 'undetermined':
      return `The calibration images are too few to tell whether this image is familiar (${p}, alpha ${ood.alpha}).`;
  }
}
