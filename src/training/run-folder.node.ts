/**
 * The folder of a training run: settings (`run.json`), plans, a line of JSON for each step and each validation
 * (`metrics.jsonl`), and a checkpoint, which is replaced only when the next one is whole and on the disk.
 */
import { appendFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { OutputError, RunError } from '../errors.js';
import { makeFolder, writeFileAtomic, writeJsonAtomic } from '../files/atomic.node.js';
import { MAXIMUM_READ, readPlainFile } from '../files/read.node.js';
import { explainSystemError } from '../files/system-error.js';
import { builtNetwork } from '../networks/built-network.js';
import { recordedOptions } from '../options/options.js';
import { decodeCheckpoint, encodeCheckpoint, type TrainingState } from './checkpoint.js';
import type { StepRecord } from './train-network.js';
import { trainOptions } from './train-options.js';
import type { TrainSettings } from './train-settings.js';
import type { ValidationRecord } from './validation.js';

/** Of a log or of settings, in bytes: a million steps. */
const MAXIMUM_TEXT = 2 ** 28;

export interface RunFolder {
  readonly folder: string;
  /** The last checkpoint, if there is one. */
  readonly state: TrainingState | undefined;
  /** Steps that the checkpoint includes, as they were logged. */
  readonly history: readonly StepRecord[];
  log(record: StepRecord | ValidationRecord): Promise<void>;
  saveCheckpoint(state: TrainingState): Promise<void>;
  /** Write a file of the run, as readable JSON. */
  writeJson(name: string, value: unknown): Promise<void>;
}

/**
 * Begin a run, or go on with one. Its settings must be the same, but for a lower learning rate.
 * @throws RunError where the folder holds another run already, or none to resume, or one begun with other settings
 */
export async function openRunFolder(
  folder: string,
  settings: TrainSettings,
  resume: boolean,
  onNote?: (note: string) => void,
): Promise<RunFolder> {
  const begun = await readText(path.join(folder, 'run.json'));
  if (begun === undefined && resume) {
    throw new RunError({ file: folder, expected: 'a run to resume', found: 'no run.json' });
  }
  const state = begun === undefined ? undefined : await readCheckpoint(folder);
  // A run that ended before its first checkpoint holds nothing: it begins anew, with whatever settings.
  if (state && !resume) {
    throw new RunError({
      file: folder,
      problem: 'holds a run already',
      remedy: 'add --resume to go on with it, or name another folder with --run',
    });
  }
  if (state) {
    const note = checkSettings(folder, begun!, settings);
    if (note !== null) onNote?.(note);
    checkState(folder, state, settings);
  }
  await makeFolder(folder);
  await removeParts(folder);
  const metrics = path.join(folder, 'metrics.jsonl');
  const records = recordsOf((await readText(metrics)) ?? '', state);
  await writeFileAtomic(metrics, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const run: RunFolder = {
    folder,
    state,
    history: records.filter((record) => 'loss' in record),
    async log(record) {
      try {
        await appendFile(metrics, `${JSON.stringify(record)}\n`);
      } catch (cause) {
        throw new OutputError({ file: metrics, problem: `cannot be written: ${explainSystemError(cause)}`, cause });
      }
    },
    saveCheckpoint: async (next) => writeFileAtomic(path.join(folder, 'checkpoint.bin'), await encodeCheckpoint(next)),
    writeJson: (name, value) => writeJsonAtomic(path.join(folder, name), value),
  };
  await run.writeJson('run.json', settings);
  return run;
}

/** @returns what could not be compared, in a sentence; null where all could */
function checkSettings(folder: string, text: string, settings: TrainSettings): string | null {
  const saved = parseSettings(text);
  const isOlder = saved !== undefined && hashedOtherwise(saved.datasets, settings.datasets);
  const before = isOlder ? { ...saved, datasets: JSON.parse(JSON.stringify(settings.datasets)) as unknown } : saved;
  if (!before) {
    const file = path.join(folder, 'run.json');
    throw new RunError({ file, problem: 'is not the JSON of a run', remedy: 'start over in another folder' });
  }
  // Runs from before the device was written down did not name another.
  before.device ??= 'cpu';
  const asSaved = JSON.parse(JSON.stringify(settings)) as Record<string, unknown>;
  const changed = Object.keys({ ...before, ...asSaved }).find(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(asSaved[key]) && !mayBecome(key, before[key], asSaved[key]),
  );
  if (changed !== undefined) {
    const [was, is] = [before, asSaved].map((values) => JSON.stringify(values[changed]) ?? 'nothing');
    throw new RunError({
      file: folder,
      problem: `cannot be resumed with other settings: ${changed} was ${was}, is ${is}`,
    });
  }
  return isOlder
    ? `${folder}: the run was begun by an earlier build, which recorded the data by names and sizes of files: whether an image has changed since is not known.`
    : null;
}

const recordedDatasets = z.array(z.object({ name: z.string(), of: z.string().optional() }));

/** The same data sets by name, recorded by a hash of something else. */
function hashedOtherwise(saved: unknown, now: TrainSettings['datasets']): boolean {
  const { data } = recordedDatasets.safeParse(saved);
  const names = (list: readonly { readonly name: string }[]) => JSON.stringify(list.map(({ name }) => name));
  return data !== undefined && names(data) === names(now) && data.some(({ of }, i) => of !== now[i].of);
}

/** Whether a run may go on with another value of an option, as its row says. */
function mayBecome(name: string, before: unknown, now: unknown): boolean {
  const option = new Map(recordedOptions(trainOptions)).get(name);
  return option?.record.mayBecome?.(before, now) ?? false;
}

/** What a killed process had not finished writing. */
async function removeParts(folder: string): Promise<void> {
  // A folder that may be written but not listed keeps them.
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => /^\.[\w.]+\.[0-9a-f]{12}\.part$/.test(one))) {
    await rm(path.join(folder, name), { force: true }).catch(() => undefined);
  }
}

/** A checkpoint of another run, moved here, would train something else or never end. */
function checkState(folder: string, { step, steps, weights }: TrainingState, settings: TrainSettings): void {
  const expected = builtNetwork(settings.architecture).weightCount;
  const file = path.join(folder, 'checkpoint.bin');
  if (weights.length !== expected) {
    throw new RunError({
      ...{ file, expected: `${expected} weights of preset ${settings.preset}`, found: String(weights.length) },
    });
  }
  if ((settings.steps !== undefined && steps !== settings.steps) || (steps !== null && step > steps)) {
    throw new RunError({
      file,
      expected: `a checkpoint of ${settings.steps ?? 'some'} steps`,
      found: `step ${step} of ${steps ?? 'unknown'}`,
    });
  }
}

function parseSettings(text: string): Record<string, unknown> | undefined {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function readCheckpoint(folder: string): Promise<TrainingState | undefined> {
  const file = path.join(folder, 'checkpoint.bin');
  const bytes = await readIfThere(file, MAXIMUM_READ);
  return bytes && decodeCheckpoint(bytes, file);
}

async function readText(file: string): Promise<string | undefined> {
  const bytes = await readIfThere(file, MAXIMUM_TEXT);
  return bytes && new TextDecoder().decode(bytes);
}

async function readIfThere(file: string, maximum: number): Promise<Uint8Array | undefined> {
  try {
    return await readPlainFile(file, maximum);
  } catch (cause) {
    // A part of the path may be a file: making the folder will say so.
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new RunError({ file, problem: `cannot be read: ${explainSystemError(cause)}`, cause });
  }
}

/** Records that the checkpoint includes: later ones will come again, a broken last line is dropped. */
function recordsOf(text: string, state: TrainingState | undefined): (StepRecord | ValidationRecord)[] {
  return text.split('\n').flatMap((line) => {
    try {
      const record: StepRecord | ValidationRecord = JSON.parse(line);
      const last = 'validation' in record ? state?.validatedStep : state?.step;
      return record.step <= (last ?? 0) ? [record] : [];
    } catch {
      return [];
    }
  });
}
