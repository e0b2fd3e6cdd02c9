/**
 * Fingerprints and prepared training cases, made or taken from the cache. A key holds all that the result depends on:
 * the bytes of image and reference, the values of the plan that act on them, and the version that made it.
 */
import { z } from 'zod';
import { contentsOf } from '../datasets/data-hash.node.js';
import type { Case, Dataset } from '../datasets/dataset.js';
import { loadCase } from '../datasets/load-case.node.js';
import type { Cache } from '../files/cache.node.js';
import { type Digests, openDigests } from '../files/digests.node.js';
import { sha256 } from '../files/hash.js';
import { createRandom } from '../math/random.js';
import { type CaseFingerprint, fingerprintCase } from '../preprocessing/make-plan.js';
import type { Plan } from '../preprocessing/plan.js';
import { prepareImage, prepareMask } from '../preprocessing/preprocess.js';
import type { TrainingCase } from '../transforms/sample-patch.js';
import { version } from '../version.node.js';
import { decodeCase, encodeCase } from './prepared-case.js';
import { toShared } from './to-shared.js';

/** Raised whenever the bytes of an entry, or what they mean, change. */
const FORMAT = 2;
/** Foreground voxels that patches may be centred at: enough for any shape, little for memory. */
const FOREGROUND_SAMPLE = 20_000;

const triple = z.tuple([z.number(), z.number(), z.number()]);
const fingerprintSchema = z.object({
  size: triple,
  spacing: triple,
  foregroundIntensities: z.array(z.number()).transform((values) => Float32Array.from(values)),
  foregroundVolumeMl: z.number(),
  foregroundExtentMm: triple,
  foregroundChordMm: triple,
  // JSON has no infinity, which stands for an image without any finite voxel.
  minimum: z
    .number()
    .nullable()
    .transform((value) => value ?? Number.POSITIVE_INFINITY),
});

export interface CaseStore {
  /** @throws as `loadCase` and `fingerprintCase` */
  fingerprint(dataset: Dataset, c: Case): Promise<CaseFingerprint>;
  /** Arrays lie in shared memory. @throws as `loadCase` and `prepareImage` */
  prepare(dataset: Dataset, c: Case, plan: Plan): Promise<TrainingCase>;
}

/** @param digests of the data sets' files, where they are known already */
export function createCaseStore(cache: Cache, digests: Digests = openDigests(cache)): CaseStore {
  /** Undefined where a file cannot be read: loading it will say why. */
  const keyOf = async ({ target }: Dataset, { image, label }: Case, use: readonly unknown[]) => {
    const contents = await Promise.all([image, label!].map((file) => contentsOf(file, digests)));
    if (contents.includes(undefined)) return undefined;
    return sha256(JSON.stringify([FORMAT, version, target, ...contents, ...use]));
  };
  const cached = async <T>(
    key: () => Promise<string | undefined>,
    decode: (bytes: Uint8Array) => T | undefined,
    make: () => Promise<T>,
    encode: (value: T) => Uint8Array[],
  ): Promise<T> => {
    const before = await key();
    const bytes = before === undefined ? undefined : await cache.get(before);
    const found = bytes && decode(bytes);
    if (found !== undefined) return found;
    const made = await make();
    // A file that changed meanwhile must not be kept under the name of what it was.
    if (before !== undefined && (await key()) === before) await cache.put(before, encode(made));
    return made;
  };
  return {
    fingerprint: (dataset, c) =>
      cached(
        () => keyOf(dataset, c, ['fingerprint']),
        decodeFingerprint,
        async () => {
          const { image, reference } = await loadCase(dataset, c);
          return fingerprintCase(image.volume, reference);
        },
        encodeFingerprint,
      ),
    prepare: (dataset, c, plan) => {
      const { orientation, spacing, intensity, intensityOffset } = plan;
      // The name seeds the sample of foreground voxels.
      const use = ['prepared', c.name, FOREGROUND_SAMPLE, orientation, spacing, intensity, intensityOffset];
      return cached(
        () => keyOf(dataset, c, use),
        decodeCase,
        () => prepareCase(dataset, c, plan),
        encodeCase,
      );
    },
  };
}

async function prepareCase(dataset: Dataset, c: Case, plan: Plan): Promise<TrainingCase> {
  const { image, reference } = await loadCase(dataset, c);
  const { data, grid, minimum } = prepareImage(image.volume, plan);
  const label = prepareMask(reference, plan).data;
  const foreground: number[] = [];
  label.forEach((value, i) => {
    if (value === 1) foreground.push(i);
  });
  const sample =
    foreground.length <= FOREGROUND_SAMPLE
      ? foreground
      : createRandom('foreground', c.name).shuffle(foreground).slice(0, FOREGROUND_SAMPLE);
  const foregroundSample = Uint32Array.from(sample);
  return toShared({
    image: data,
    label,
    foreground: foregroundSample,
    size: grid.size,
    minimum,
    spacing: plan.spacing,
  });
}

function encodeFingerprint(print: CaseFingerprint): Uint8Array[] {
  const json = { ...print, foregroundIntensities: [...print.foregroundIntensities] };
  return [new TextEncoder().encode(JSON.stringify(json))];
}

function decodeFingerprint(bytes: Uint8Array): CaseFingerprint | undefined {
  try {
    return fingerprintSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}
