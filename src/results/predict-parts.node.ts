/**
 * Job arrays: `--num-parts N --part-id K` on N machines at once, into one folder. Each part writes a summary of its own;
 * whichever finds all N there puts them together, so no part ever rewrites what another wrote.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeJsonAtomic } from '../files/atomic.node.js';
import { sha256 } from '../files/hash.js';
import type { Part } from './predicted-case.js';

interface Summary {
  readonly part?: Part;
  readonly cases: readonly unknown[];
}

/** Every `of`-th item from `id` on: each item is in exactly one part. */
export function ofPart<T>(items: readonly T[], id: number, of: number): T[] {
  return items.filter((_, i) => i % of === id);
}

/** What parts of one run share, and other runs do not. */
export function runId(what: unknown): Promise<string> {
  return sha256(JSON.stringify(what));
}

/**
 * Write `summary.json`, or that of a part, `summary-part-K-of-N.json`, and `summary.json` once all parts are there.
 * @returns whether `summary.json` is there and whole
 * @throws OutputError
 */
export async function writeSummary(folder: string, summary: Summary): Promise<boolean> {
  const { part, ...rest } = summary;
  if (part === undefined) {
    await writeJsonAtomic(path.join(folder, 'summary.json'), rest);
    return true;
  }
  await writeJsonAtomic(path.join(folder, nameOf(part.id, part.of)), summary);
  // Each part looks after writing its own: the last one to write finds all, and two that do write the same.
  const parts: Summary[] = [];
  for (let id = 0; id < part.of; id++) {
    const found = await readPart(path.join(folder, nameOf(id, part.of)));
    if (found?.part?.run !== part.run) return false;
    parts.push(found);
  }
  const total = parts.reduce((sum, { cases }) => sum + cases.length, 0);
  const cases = Array.from({ length: total }, (_, i) => parts[i % part.of].cases[Math.floor(i / part.of)]);
  await writeJsonAtomic(path.join(folder, 'summary.json'), { ...rest, cases });
  return true;
}

function nameOf(id: number, of: number): string {
  return `summary-part-${id}-of-${of}.json`;
}

async function readPart(file: string): Promise<Summary | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Summary;
  } catch {
    return undefined;
  }
}
