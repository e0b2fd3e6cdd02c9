/** Which operations of a job are made to fail: what changes files and, evenly spread, some of what reads them. */
import path from 'node:path';
import { isCandorError } from '../../src/errors.js';
import { disk, type Operation, reset } from '../support/faulty-disk.js';

/**
 * `once`: one operation fails, as of a disk that is full or a network drive that stumbles.
 * `dead`: it and all that follow, as where the process is killed there or the disk is gone: not even tidying up works.
 */
export type Mode = 'once' | 'dead';

/** The n-th of the operations that are called and named alike: a run that is gone on with has others before it. */
export interface KillPoint {
  readonly alike: string;
  readonly nth: number;
}

/** Function and file name, without what is random in the names of files being written. */
const alike = ({ name, path: file }: Operation) =>
  `${name} ${path.basename(file).replace(/\.[0-9a-f]{12}\.part$/, '')}`;

/** The operations of one undisturbed run. */
export async function record(job: () => Promise<unknown>): Promise<Operation[]> {
  reset();
  await job();
  return disk.operations;
}

/** Where this is set, every read fails once too, and nothing is left out: minutes instead of seconds. */
const ALL = process.env.CANDOR_ALL_KILL_POINTS !== undefined;

/** One in so many of the points, where not all are asked for. */
export function oneIn(step: number, points: readonly KillPoint[]): KillPoint[] {
  return points.filter((_, i) => ALL || i % step === 0);
}

/** All writes of content, renames and flushes of files that are renamed; of reads at most so many, evenly spread. */
export function killPoints(operations: readonly Operation[], reads: number): KillPoint[] {
  const renamed = new Set(operations.filter(({ kind }) => kind === 'rename').map((one) => one.path));
  const seen = new Map<string, number>();
  const all = operations.map((operation) => {
    const key = alike(operation);
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return { operation, point: { alike: key, nth: seen.get(key)! } };
  });
  const reading = all.filter(({ operation: { kind } }) => kind === 'read');
  const some = ALL ? reading.length : reads;
  const spread = new Set(
    Array.from({ length: some }, (_, i) => reading[Math.floor(((i + 0.5) * reading.length) / some)]),
  );
  const changes = ({ kind, name, path: file }: Operation) =>
    kind === 'rename' || /writeFile|appendFile/.test(name) || (kind === 'sync' && renamed.has(file));
  return all.filter((one) => changes(one.operation) || spread.has(one)).map(({ point }) => point);
}

/** Run a job whose operation fails; undefined where it managed without. The error must be one that people can read. */
export async function failAt(point: KillPoint, mode: Mode, job: () => Promise<unknown>): Promise<Error | undefined> {
  let [seen, failing] = [0, false];
  reset((operation) => {
    const hit = alike(operation) === point.alike && ++seen === point.nth;
    failing ||= hit;
    return mode === 'once' ? hit : failing;
  });
  try {
    await job();
    return undefined;
  } catch (error) {
    if (isCandorError(error) && /\S[.)]$/.test(error.message)) return error;
    throw new Error(`${tell(point)} (${mode}): expected an error of Candor, found ${String(error)}`, { cause: error });
  } finally {
    reset();
  }
}

export const tell = ({ alike: what, nth }: KillPoint) => `${what}, time ${nth}`;
