/** Interleaved rounds and their middle values: drift of the machine hits all sides alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadLimit, sampleLoad, waitForIdle } from './load.mjs';

/** Threads of one side's engine may spin for a moment after its work; the other side starts when they rest. */
const REST_MS = 60;
/** Rounds that other programs may spoil before the bench gives up: this many times the rounds wanted. */
const MAXIMUM_SPOILED = 2;

/** The middle value. */
export function median(values) {
  return quantile(values, 0.5);
}

/** Quantile with linear interpolation, as numpy's. */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

/** Median and quartiles of seconds, as results keep them. */
export function summarise(values) {
  return {
    n: values.length,
    median: median(values),
    lowerQuartile: quantile(values, 0.25),
    upperQuartile: quantile(values, 0.75),
    values,
  };
}

/** Seconds that a call takes, and what it gave. */
export async function timed(call) {
  const start = performance.now();
  const value = await call();
  return { seconds: (performance.now() - start) / 1000, value };
}

/**
 * Run all sides in turn, `rounds` times after `warmup` rounds that do not count. Every other round goes backwards. A
 * round before or after which other programs use the cores is done again.
 * @param sides by name, functions that do the work once and return its seconds (a promise of them)
 * @returns for each side its summary of seconds, and the share of cores that others used (the most of any round kept)
 * @throws LoadError where the machine stays busy
 */
export async function interleave(sides, { rounds, warmup = 1, onRound } = {}) {
  const names = Object.keys(sides);
  const seconds = Object.fromEntries(names.map((name) => [name, []]));
  let highestLoad = 0;
  let spoiled = 0;
  for (let round = -warmup; round < rounds; round++) {
    const before = await waitForIdle();
    const taken = {};
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      taken[name] = await sides[name]();
      await sleep(REST_MS);
    }
    if (round < 0) continue;
    const after = await sampleLoad();
    if (after > loadLimit() && spoiled++ < MAXIMUM_SPOILED * rounds) {
      round--;
      continue;
    }
    highestLoad = Math.max(highestLoad, before, after);
    for (const name of names) seconds[name].push(taken[name]);
    onRound?.(round + 1, rounds, taken);
  }
  const summaries = Object.fromEntries(names.map((name) => [name, summarise(seconds[name])]));
  return { seconds: summaries, load: highestLoad, spoiledRounds: spoiled };
}

/** Ratio of two sides' medians, with the range of the ratios of single rounds. */
export function ratioOf(side, other) {
  const single = side.values.map((value, i) => value / other.values[i]);
  return { ratio: side.median / other.median, low: Math.min(...single), high: Math.max(...single) };
}
