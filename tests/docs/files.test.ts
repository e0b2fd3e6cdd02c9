/** docs/reference/files.md names every field that `predict` and `evaluate` really write, and none besides. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluate } from '../../src/jobs/evaluate.node.js';
import { predict } from '../../src/jobs/predict.node.js';
import { encodeModelFile } from '../../src/model/model-file.js';
import { root } from '../cli/run-candor.js';
import { ballFile, temporaryFolder, writeBallDataset } from '../support/ball-data.js';
import { makeBallModel } from '../support/ball-model.js';
import { ballTasks } from '../support/balls.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = (...parts: string[]) => path.join(folder.path, ...parts);
const readJson = (...parts: string[]): unknown => JSON.parse(readFileSync(at(...parts), 'utf8'));
const page = readFileSync(path.join(root, 'docs/reference/files.md'), 'utf8');

beforeAll(async () => {
  const model = await makeBallModel();
  const { provenance } = model;
  const settings = { ...provenance.settings, dropout: 0.3 };
  writeFileSync(at('m.onnx'), await encodeModelFile({ ...model, provenance: { ...provenance, settings } }));
  const [bright, dark, faint] = ballTasks;
  const datasets = [bright, dark].map((task) => writeBallDataset(folder.path, task));
  mkdirSync(at('ood'));
  for (const i of [1, 2]) writeFileSync(at('ood', `${i}.nii.gz`), ballFile(faint, i));
  // One that fails, so that errors are written too.
  writeFileSync(at('ood', 'cut.nii.gz'), ballFile(faint, 3).subarray(0, 1000));
  const common = { model: at('m.onnx'), threads: 1, alpha: 0.2 };
  await evaluate({ ...common, datasets, ood: [at('ood')], output: at('report') });
  // An ensemble, passes with dropout and parts: what adds fields.
  const everything = { others: [at('m.onnx')], mc: 2, numParts: 2, partId: 0 };
  await predict({ ...common, ...everything, inputs: [at('ood')], output: at('out') });
});

test('CASE.json', () => {
  expect(documented('CASE.json of predict')).toEqual(fieldsOf(readJson('out', '1.json'), { 'ood.perTask': '<task>' }));
});

test('summary.json of predict', () => {
  const { cases, ...rest } = readJson('out', 'summary-part-0-of-2.json') as { cases: object[] };
  const failed = cases.filter((one) => 'error' in one);
  expect(failed.length).toBe(1);
  const written = ['cases[]', ...fieldsOf({ ...rest, cases: failed })].sort();
  expect(documented('summary.json of predict')).toEqual(written);
});

test('summary.json of evaluate, and its figures', () => {
  const summary = readJson('report', 'summary.json') as { tasks: { bright: { dice: object } } };
  const [figure, fields] = tablesOf('summary.json of evaluate');
  expect(figure).toEqual(fieldsOf({ ...summary.tasks.bright.dice }, {}, () => false));
  const names = {
    ...{ tasks: '<task>', 'tasks.<task>.calibration': '<when>', 'tasks.<task>.reliability': '<when>' },
    ...{ 'tasks.<task>.reliability.<when>': '<where>', estimatedDice: '<task>' },
    ...{ 'ood.detectors': '<detector>', 'ood.detectors.<detector>': '<set>' },
    ...{ failureRanking: '<score>', 'failureRanking.<score>': '<task>' },
  };
  expect(fields).toEqual(fieldsOf(summary, names));
});

test('columns of cases.csv', () => {
  const [heading] = readFileSync(at('report', 'cases.csv'), 'utf8').split('\r\n');
  const columns = heading
    .split(',')
    .map((column) => column.replace(/:(before|after)$/, ':<when>').replace(/^score:.*/, 'score:<detector>'));
  expect(documented('cases.csv of evaluate')).toEqual([...new Set(columns)].sort());
});

/** Names in the first column of each table of a section. */
function tablesOf(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return section
    .split(/^\| field .*$/m)
    .slice(1)
    .map((rows) =>
      [...rows.matchAll(/^\|([^|]*)\|/gm)]
        .flatMap(([, cell]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name))
        .sort(),
    );
}

function documented(heading: string): string[] {
  return tablesOf(heading).flat();
}

/** An object with an interval is one field of others, described once. */
function isFigure(value: object): boolean {
  return Object.keys(value).sort().join() === 'high,low,mean,n';
}

/**
 * Paths of all fields of a JSON value, each once; `[]` stands for the items of a list of objects.
 * @param names what stands for the keys of an object that has names of tasks and the like for keys, by its path
 */
function fieldsOf(json: unknown, names: Readonly<Record<string, string>> = {}, isLeaf = isFigure): string[] {
  const walk = (value: unknown, at: string): string[] => {
    if (Array.isArray(value) && value.some((item) => typeof item === 'object')) {
      return value.flatMap((item) => walk(item, `${at}[]`));
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value) || isLeaf(value)) return [at];
    if (Object.keys(value).length === 0) return [at];
    return Object.entries(value).flatMap(([key, item]) =>
      walk(item, [at, names[at] ?? key].filter((part) => part !== '').join('.')),
    );
  };
  return [...new Set(walk(json, ''))].sort();
}
