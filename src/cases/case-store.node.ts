/**
 * What is known of cases and the samples made of them, made or taken from the cache. A key holds all that the result
 * depends on: the bytes of image and reference, the values of the plan that act on them, and the version that made it.
 */
import { availableParallelism } from 'node:os';
import { contentsOf } from '../datasets/data-hash.node.js';
import { type Case, casesOf, type Dataset } from '../datasets/dataset.js';
import { loadCase } from '../datasets/load-case.node.js';
import type { CaseScan } from '../datasets/scan-case.node.js';
import { mapCases, type ScanJob, type ScanOptions } from '../datasets/scan-pool.node.js';
import { labelSpaceOf } from '../datasets/structures.js';
import type { Cache } from '../files/cache.node.js';
import { type Digests, openDigests } from '../files/digests.node.js';
import { sha256 } from '../files/hash.js';
import { classCount } from '../labels/label-space.js';
import { type CaseFingerprint, fingerprintCase } from '../preprocessing/fingerprint.js';
import type { Plan } from '../preprocessing/plan.js';
import type { TrainingSample } from '../transforms/sample-patch.js';
import { version } from '../version.node.js';
import { type MeasureRequest, measureCase } from './measure-case.node.js';
import { decodeFingerprint, decodeScan, encodeFingerprint, encodeScan } from './measured-case.node.js';
import { FOREGROUND_SAMPLE, prepareCase } from './prepare-case.node.js';
import type { PreparePool } from './prepare-pool.node.js';
import { decodeSample, encodeSample } from './sample-bytes.js';

/** Raised whenever the bytes of an entry, or what they mean, change. */
const FORMAT = 4;

/** Bytes to read that are worth the start of one more process. */
const WORTH_A_PROCESS = 2 ** 27;

const measureWorker = new URL('./measure-worker.node.js', import.meta.url);

export interface CaseStore {
  /** As `scanCases`, for a check of data sets; the same read takes the fingerprints of cases that train. */
  scan(jobs: readonly ScanJob[], options: Omit<ScanOptions, 'processes'>): Promise<CaseScan[]>;
  /** @throws as `loadCase` and `fingerprintCase` */
  fingerprint(dataset: Dataset, c: Case): Promise<CaseFingerprint>;
  /**
   * Arrays lie in shared memory.
   * @param make where it is prepared, if the cache has it not; default: in this thread
   * @throws as `loadCase` and `prepareImage`
   */
  prepare(dataset: Dataset, c: Case, plan: Plan, make?: PreparePool['prepare']): Promise<TrainingSample>;
}

/** @param digests of the data sets' files, where they are known already */
export function createCaseStore(cache: Cache, digests: Digests = openDigests(cache)): CaseStore {
  /** Fingerprints of this run by key; without a cache they are kept here alone. */
  const measured = new Map<string, CaseFingerprint>();

  /** Undefined where a file cannot be read: loading it will say why. */
  const contentsOfCase = async ({ image, label }: Pick<Case, 'image' | 'label'>) => {
    const files = [image, ...(label === null ? [] : [label])];
    const contents = await Promise.all(files.map((file) => contentsOf(file, digests)));
    return contents.includes(undefined) ? undefined : contents;
  };
  type Contents = Awaited<ReturnType<typeof contentsOfCase>>;
  /** @param meaning what the reference is read by; null where it does not matter */
  const keyFrom = async (contents: Contents, meaning: unknown, use: readonly unknown[]) =>
    contents && sha256(JSON.stringify([FORMAT, version, meaning, contents, ...use]));
  const meaningOf = (dataset: Dataset, { annotated }: Case) => [labelSpaceOf(dataset), annotated];
  const keyOf = async (dataset: Dataset, c: Case, use: readonly unknown[]) =>
    keyFrom(await contentsOfCase(c), meaningOf(dataset, c), use);
  const keysOf = async (dataset: Dataset, c: Case) => {
    const contents = await contentsOfCase(c);
    return {
      scan: await keyFrom(contents, null, ['scan']),
      fingerprint: await keyFrom(contents, meaningOf(dataset, c), ['fingerprint']),
    };
  };
  const find = async <T>(key: string | undefined, decode: (bytes: Uint8Array) => T | undefined) => {
    const bytes = key === undefined ? undefined : await cache.get(key);
    return bytes && decode(bytes);
  };
  const findFingerprint = async (key: string | undefined) => {
    const known = key === undefined ? undefined : measured.get(key);
    const found = known ?? (await find(key, decodeFingerprint));
    if (found && key !== undefined) measured.set(key, found);
    return found;
  };
  /** A file that changed while it was read must not be kept under the name of what it was. */
  const keep = async (before: string | undefined, after: string | undefined, parts: Uint8Array[] | undefined) => {
    if (before !== undefined && before === after && parts) await cache.put(before, parts);
  };

  return {
    async scan(jobs, { signal, onScan }) {
      const training = new Map(
        [...new Set(jobs.map(({ dataset }) => dataset))].map((set) => [set, trainingNames(set)]),
      );
      let done = 0;
      const scans: CaseScan[] = new Array(jobs.length);
      const open: { readonly index: number; readonly keys: Awaited<ReturnType<typeof keysOf>> }[] = [];
      const trains = ({ dataset, case: c }: ScanJob) => c.label !== null && training.get(dataset)!.has(c.name);
      for (const [index, job] of jobs.entries()) {
        const keys = await keysOf(job.dataset, job.case);
        const found = await find(keys.scan, decodeScan);
        const complete = found && (!trains(job) || (await findFingerprint(keys.fingerprint)));
        if (complete) {
          scans[index] = found;
          onScan?.(++done);
        } else open.push({ index, keys });
      }
      const asked = open.map(({ index }) => {
        const { dataset, case: c, bytes } = jobs[index];
        const files = { image: c.image, label: c.label };
        const request: MeasureRequest = { files, labels: labelSpaceOf(dataset), trains: trains(jobs[index]) };
        // Both are held at once.
        return { request, bytes: request.trains ? 2 * bytes : bytes };
      });
      const total = asked.reduce((sum, { bytes }) => sum + bytes, 0);
      const processes = Math.min(availableParallelism(), Math.ceil(total / WORTH_A_PROCESS));
      const answers = await mapCases(asked, measureCase, measureWorker, {
        ...{ processes, signal, onAnswer: () => onScan?.(++done) },
      });
      for (const [i, { index, keys }] of open.entries()) {
        const { dataset, case: c } = jobs[index];
        const { scan, fingerprint } = answers[i];
        scans[index] = scan;
        const now = await keysOf(dataset, c);
        await keep(keys.scan, now.scan, encodeScan(scan));
        if (!fingerprint || keys.fingerprint === undefined || keys.fingerprint !== now.fingerprint) continue;
        measured.set(keys.fingerprint, fingerprint);
        await cache.put(keys.fingerprint, encodeFingerprint(fingerprint));
      }
      return scans;
    },
    async fingerprint(dataset, c) {
      const keys = await keysOf(dataset, c);
      const found = await findFingerprint(keys.fingerprint);
      if (found) return found;
      const { image, reference } = await loadCase(c, labelSpaceOf(dataset));
      const made = fingerprintCase(image.volume, reference, classCount(labelSpaceOf(dataset)));
      await keep(keys.fingerprint, (await keysOf(dataset, c)).fingerprint, encodeFingerprint(made));
      return made;
    },
    async prepare(dataset, c, plan, make = prepareCase) {
      const { orientation, spacing, intensity, intensityOffset } = plan;
      // The name seeds the sample of foreground voxels.
      const use = ['prepared', c.name, FOREGROUND_SAMPLE, orientation, spacing, intensity, intensityOffset];
      const key = await keyOf(dataset, c, use);
      const found = await find(key, decodeSample);
      if (found) return found;
      const made = await make({ case: c, labels: labelSpaceOf(dataset), plan });
      await keep(key, await keyOf(dataset, c, use), encodeSample(made));
      return made;
    },
  };
}

function trainingNames(dataset: Dataset): ReadonlySet<string> {
  return new Set(casesOf(dataset, 'train').map(({ name }) => name));
}
