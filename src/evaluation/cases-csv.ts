/** All evaluated images as one table, a row each, for spreadsheets, R and pandas (RFC 4180: CRLF, quotes doubled). */
import type { Verdict } from '../ood/verdict.js';
import type { CaseResult, FailedCase, OodResult } from './case-result.js';

type Cell = string | number | null | undefined;

const calibrationMeasures = ['ece', 'ace', 'mce', 'nll', 'brier'] as const;

/**
 * Labelled test cases first, then images of OOD sets, then cases that failed.
 * Numbers are written in full; what is not defined is an empty cell; infinite scores are `inf`, as numpy and R read it.
 */
export function casesCsv(
  cases: readonly CaseResult[],
  oodImages: readonly OodResult[] = [],
  failed: readonly FailedCase[] = [],
): string {
  const detectors = [...new Set([...cases, ...oodImages].flatMap((c) => Object.keys(c.scores)))].sort();
  const rows = [
    ...cases.map(caseCells),
    ...oodImages.map(oodCells),
    ...failed.map(
      (c): Record<string, Cell> => ({ kind: 'failed', set: c.task, case: c.case, error: errorText(c.error) }),
    ),
  ];
  const structures = [...new Set(cases.flatMap((c) => (c.structures ?? []).map(({ structure }) => structure)))];
  const ofStructures = structures.flatMap((name) => structureFigures.map((figure) => `${figure}:${name}`));
  const columns = [...baseColumns, ...ofStructures, ...detectors.map((d) => `score:${d}`), 'seconds', 'error'];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** One field: quoted where it holds a comma, a quote or a line break. */
export function csvCell(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return '';
    return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
  }
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

const structureFigures = ['dice', 'hd95Mm', 'assdMm', 'nsd', 'referenceMl', 'predictedMl'] as const;

const baseColumns = [
  'kind',
  'set',
  'case',
  'group',
  'image',
  'dice',
  'hd95Mm',
  'assdMm',
  'nsd',
  'referenceMl',
  'predictedMl',
  'spacingX',
  'spacingY',
  'spacingZ',
  ...['before', 'after'].flatMap((when) =>
    ['', 'Roi'].flatMap((where) => calibrationMeasures.map((measure) => `${measure}${where}:${when}`)),
  ),
  'temperature',
  'estimatedDice',
  'verdict',
  'detector',
  'score',
  'pValue',
  'alpha',
  'nearestTask',
];

function caseCells(c: CaseResult): Record<string, Cell> {
  const cells: Record<string, Cell> = {
    kind: 'test',
    set: c.task,
    case: c.case,
    group: c.group,
    dice: c.dice,
    hd95Mm: c.hd95Mm,
    assdMm: c.assdMm,
    nsd: c.nsd,
    referenceMl: c.referenceMl,
    predictedMl: c.predictedMl,
    spacingX: c.spacing[0],
    spacingY: c.spacing[1],
    spacingZ: c.spacing[2],
    temperature: c.temperature,
    estimatedDice: c.estimatedDice,
    seconds: c.seconds,
    ...judgementCells(c.verdict, c.scores),
  };
  for (const one of c.structures ?? []) {
    for (const figure of structureFigures) cells[`${figure}:${one.structure}`] = one[figure];
  }
  for (const when of ['before', 'after'] as const) {
    for (const measure of calibrationMeasures) {
      cells[`${measure}:${when}`] = c.calibration[when].all[measure];
      cells[`${measure}Roi:${when}`] = c.calibration[when].region[measure];
    }
  }
  return cells;
}

function oodCells(c: OodResult): Record<string, Cell> {
  return {
    kind: 'unlabelled',
    set: c.set,
    case: c.case,
    group: c.group ?? c.case,
    image: c.image,
    seconds: c.seconds,
    error: c.error && errorText(c.error),
    ...judgementCells(c.verdict, c.scores),
  };
}

function judgementCells(verdict: Verdict | null, scores: Readonly<Record<string, number>>): Record<string, Cell> {
  const cells: Record<string, Cell> = {};
  for (const [detector, score] of Object.entries(scores)) cells[`score:${detector}`] = score;
  if (verdict) {
    const { detector, score, pValue, alpha, nearestTask } = verdict.ood;
    Object.assign(cells, { verdict: verdict.verdict, detector, score, pValue, alpha, nearestTask });
  }
  return cells;
}

function errorText(error: { tag: string; message: string }): string {
  return `${error.tag}: ${error.message}`;
}
