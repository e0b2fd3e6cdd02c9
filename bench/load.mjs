/**
 * Whether the machine is quiet enough for a ratio to mean anything: on a busy one the sides slow down unequally. What
 * counts is the time that the cores are not idle while this process waits, not the load average, which remembers
 * the bench's own work for minutes (and is always 0 on Windows).
 */
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const DEFAULT_LIMIT = 0.1;
const PATIENCE_SECONDS = 180;
const SAMPLE_MS = 400;

/** Refusal to measure; the message says what to do. */
export class LoadError extends Error {}

/** Share of all cores, 0 to 1, above which nothing is measured; environment BENCH_LOAD_LIMIT overrides. */
export function loadLimit() {
  const text = process.env.BENCH_LOAD_LIMIT;
  if (text === undefined) return DEFAULT_LIMIT;
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new LoadError(`BENCH_LOAD_LIMIT: expected a share of all cores from 0 to 1, found '${text}'.`);
}

/** Share of all cores that are busy while this process waits: other programs, and time that a host steals. */
export async function sampleLoad(milliseconds = SAMPLE_MS) {
  const before = os.cpus();
  const start = performance.now();
  await sleep(milliseconds);
  const available = (performance.now() - start) * before.length;
  const idle = os.cpus().reduce((sum, { times }, i) => sum + times.idle - before[i].times.idle, 0);
  return Math.max(0, 1 - idle / available);
}

/** Wait until the machine is quiet; returns the load found. @throws LoadError where it stays busy */
export async function waitForIdle() {
  const limit = loadLimit();
  const deadline = Date.now() + PATIENCE_SECONDS * 1000;
  let load = await sampleLoad();
  while (load > limit) {
    if (Date.now() > deadline) throw new LoadError(explain(load, limit));
    await sleep(2000);
    load = await sampleLoad();
  }
  return load;
}

function explain(load, limit) {
  const share = (value) => `${Math.round(100 * value)} %`;
  return (
    `Other programs use ${share(load)} of the cores, more than ${share(limit)}, and did so for ${PATIENCE_SECONDS} s: ` +
    `ratios would lie. Stop them, or set BENCH_LOAD_LIMIT to accept more.${busiest()}`
  );
}

/** The programs that use most, where `ps` can tell. */
function busiest() {
  try {
    const lines = execFileSync('ps', ['-eo', 'pcpu,pid,comm', '--sort=-pcpu'], { encoding: 'utf8' }).trim().split('\n');
    return `\nBusiest programs (% of a core, id, name):\n${lines.slice(1, 6).join('\n')}`;
  } catch {
    return '';
  }
}
