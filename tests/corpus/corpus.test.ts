/**
 * Thousands of damaged files, read by the built product in a process of little memory: none may crash it, hang it,
 * take memory that no header declares, or go through unnamed.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, outcomeOf, root } from '../cli/run-candor.js';
import { temporaryFolder } from '../support/ball-data.js';
import { Corpus, type Entry } from './corpus.js';
import { addDatasets, addRuns } from './folders.js';
import { addImages } from './images.js';
import { addModels } from './models.js';
import { addTextImages } from './text-images.js';

const HEAP_MB = 256;
const LONGEST_CPU_MS = 2000;
/** What reading any small file may add to the process, garbage included. */
const SLACK = 48 * 2 ** 20;

interface Result {
  readonly end: number;
  readonly outcome: 'valid' | 'error' | 'fault';
  readonly tag: string;
  readonly message: string;
  readonly polluted: boolean;
  readonly cpuMs: number;
  readonly peakGrowth: number;
  readonly bufferGrowth: number;
}

const folder = temporaryFolder();
afterAll(() => folder.remove());
let entries: readonly Entry[];
let results: readonly Result[];
let ending: string;

beforeAll(async () => {
  await ensureBuilt();
  const files = path.join(folder.path, 'files');
  mkdirSync(files);
  const corpus = new Corpus(files);
  addImages(corpus);
  addTextImages(corpus);
  addDatasets(corpus);
  await addRuns(corpus);
  await addModels(corpus);
  entries = corpus.entries;
  const manifest = path.join(folder.path, 'manifest.json');
  writeFileSync(manifest, JSON.stringify(entries));
  const reader = path.join(import.meta.dirname, 'read-corpus.mjs');
  const flags = ['--expose-gc', `--max-old-space-size=${HEAP_MB}`];
  const child = spawn(process.execPath, [...flags, reader, path.join(root, 'dist'), manifest], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 400_000,
    killSignal: 'SIGKILL',
  });
  const { code, stdout, stderr } = await outcomeOf(child);
  const lines = stdout.split('\n').flatMap((line) => (line.endsWith('}') ? [JSON.parse(line)] : []));
  results = lines.filter(({ end }) => end !== undefined);
  const last = lines.at(-1)?.start;
  ending = code === 0 ? '' : `ended with ${code} at ${JSON.stringify(entries[last])}\n${stderr.slice(-2000)}`;
}, 500_000);

/** Entries for which something is wrong, as a table by kind, with the first of each. */
function table(wrong: (entry: Entry, result: Result) => boolean): string {
  const kinds = new Map<string, { n: number; first: string }>();
  for (const result of results) {
    const entry = entries[result.end];
    if (!wrong(entry, result)) continue;
    const { n, first } = kinds.get(entry.kind) ?? {
      n: 0,
      first: `${JSON.stringify(path.basename(entry.file))} ${JSON.stringify(result)}`,
    };
    kinds.set(entry.kind, { n: n + 1, first });
  }
  return [...kinds].map(([kind, { n, first }]) => `${kind}: ${n}, first ${first}`).join('\n');
}

describe('a corpus of damaged files', () => {
  it('is large, and read to its end', () => {
    expect(ending).toBe('');
    expect(entries.length).toBeGreaterThanOrEqual(2000);
    expect(results.length).toBe(entries.length);
  });

  it('gives valid results or typed errors, never a fault', () => {
    expect(table((_, { outcome }) => outcome === 'fault')).toBe('');
  });

  it('is refused where it is damaged and read where it is not', () => {
    expect(table(({ expect: wanted }, { outcome }) => wanted !== 'either' && wanted !== outcome)).toBe('');
    const shares = (['valid', 'error'] as const).map((one) => results.filter(({ outcome }) => outcome === one).length);
    for (const share of shares) expect(share).toBeGreaterThan(300);
  });

  it('is refused by name', () => {
    expect(table(({ file }, { outcome, message }) => outcome === 'error' && !message.includes(file))).toBe('');
  });

  it('is read within two seconds each', () => {
    expect(table((_, { cpuMs }) => cpuMs > LONGEST_CPU_MS)).toBe('');
  });

  it('takes no memory that no header declares', () => {
    const fileSize = 2 ** 25;
    const most = ({ allowance, weighed }: Entry) => SLACK + allowance + (weighed ? fileSize : 0);
    expect(table((entry, { peakGrowth, bufferGrowth }) => Math.max(peakGrowth, bufferGrowth) > most(entry))).toBe('');
  });

  it('leaves the prototype of objects alone', () => {
    expect(table((_, { polluted }) => polluted)).toBe('');
  });
});
