/** What `check` returns, described for those who read it as JSON. */
import { z } from 'zod';
import { findingSchema, type Severity } from './finding.js';

const countsSchema = z.strictObject({ errors: z.int(), warnings: z.int(), notes: z.int() });

/** Shape of a check's report, for those who read it as JSON. */
export const checkReportSchema = z.strictObject({
  /** `errors`: not fit for training; `warnings`: fit, but to be looked at; `sound`: neither. */
  verdict: z.enum(['errors', 'warnings', 'sound']),
  /** True where only headers were read. */
  quick: z.boolean(),
  counts: countsSchema,
  datasets: z.array(
    z.strictObject({
      name: z.string(),
      folder: z.string(),
      /** 0 where the data set could not be opened. */
      cases: z.int(),
      counts: countsSchema,
      findings: z.array(findingSchema),
    }),
  ),
});

/** What `check` returns: findings by data set, with counts and a verdict. */
export type CheckReport = z.output<typeof checkReportSchema>;
export type CheckedDataset = CheckReport['datasets'][number];

/** Counts and verdict are made here, from the findings alone. */
export function checkReport(quick: boolean, datasets: readonly Omit<CheckedDataset, 'counts'>[]): CheckReport {
  const counts = countFindings(datasets);
  const verdict = counts.errors > 0 ? 'errors' : counts.warnings > 0 ? 'warnings' : 'sound';
  const counted = datasets.map(({ findings, ...set }) => ({ ...set, counts: countFindings([{ findings }]), findings }));
  return { verdict, quick, counts, datasets: counted };
}

function countFindings(datasets: readonly Pick<CheckedDataset, 'findings'>[]): CheckReport['counts'] {
  const of = (severity: Severity) =>
    datasets.reduce((sum, { findings }) => sum + findings.filter((f) => f.severity === severity).length, 0);
  return { errors: of('error'), warnings: of('warning'), notes: of('note') };
}
