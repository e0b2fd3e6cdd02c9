/** What a check reports, as plain data: the same object is printed, written as JSON and counted. */
import { z } from 'zod';

/** From worst to mildest. */
const severities = ['error', 'warning', 'note'] as const;

/** What kinds of finding there are. The words are part of the JSON output: add new ones, never rename. */
export const findingKinds = [
  // dataset.json and its split
  'unusable-dataset',
  'dataset-name-twice',
  'repeated-key',
  'misspelt-key',
  'ignored-key',
  'count-mismatch',
  'unlabelled-images',
  'name-without-channel',
  'unknown-case-in-group',
  'ungrouped-cases',
  'unknown-case-in-annotated',
  'unknown-structure-in-annotated',
  'nothing-annotated',
  'case-name-twice',
  'case-name-alike',
  'empty-split',
  'too-few-cases',
  'unknown-case-in-split',
  'case-twice-in-split',
  'case-in-two-splits',
  'group-in-two-splits',
  'case-in-no-split',
  // files and pairs
  'missing-image',
  'missing-label',
  'image-without-label',
  'label-without-image',
  'unused-image',
  'unreadable-image',
  'unreadable-label',
  'unsupported-image',
  'unsupported-label',
  // geometry
  'bad-affine',
  'shape-mismatch',
  'affine-mismatch',
  'sheared-affine',
  'implausible-spacing',
  'implausible-anisotropy',
  'spacing-outlier',
  'implausible-extent',
  'no-orientation',
  'no-spacing',
  'header-disagrees',
  'spatial-unit',
  'mixed-orientations',
  'mixed-data-types',
  // voxels
  'not-finite-voxels',
  'constant-image',
  'thin-image',
  'intensity-outlier',
  'mixed-intensity-offsets',
  'doubtful-intensity-offset',
  'duplicate-image',
  'duplicate-across-datasets',
  'image-is-label',
  'same-label',
  'unknown-label-value',
  'empty-foreground',
  'little-foreground',
  'no-foreground',
  'no-background',
  'label-absent',
] as const;

export const findingSchema = z.strictObject({
  /** Errors make the case or the data set unfit for training; warnings are worth a look; notes are good to know. */
  severity: z.enum(severities),
  kind: z.enum(findingKinds),
  /** Null where the finding is about the data set. */
  case: z.string().nullable(),
  /** Path of the file that it is about. */
  file: z.string().nullable(),
  /** What was found and what was expected. */
  message: z.string(),
  /** What to do. */
  advice: z.string(),
});

/** Something that a check found, and what to do about it. */
export type Finding = z.output<typeof findingSchema>;
/** Whether a finding keeps data from being trained on, is to be looked at, or is only told. */
export type Severity = Finding['severity'];
/** What a finding is about; one word a kind, for programs. */
export type FindingKind = Finding['kind'];

/** Makes findings of one case and one of its files. */
export function aboutCase({ name }: { readonly name: string }, file: string | null) {
  return (severity: Severity, kind: FindingKind, message: string, advice: string): Finding => ({
    ...{ severity, kind, case: name, file, message, advice },
  });
}

/** Findings of one severity and kind, in the order in which they came. */
export interface FindingsOfKind {
  readonly severity: Severity;
  readonly kind: FindingKind;
  readonly findings: readonly Finding[];
}

/** Findings by severity, errors first, then by kind: what is repeated for every case can then be said once. */
export function findingsByKind(findings: readonly Finding[]): FindingsOfKind[] {
  const byKind = new Map<string, { severity: Severity; kind: FindingKind; findings: Finding[] }>();
  for (const finding of findings) {
    const { severity, kind } = finding;
    const key = `${severity} ${kind}`;
    const known = byKind.get(key) ?? { severity, kind, findings: [] };
    known.findings.push(finding);
    byKind.set(key, known);
  }
  return [...byKind.values()].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

/** "a, b, c and 18 more": enough names to start looking, never a page of them. */
export function someOf(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
