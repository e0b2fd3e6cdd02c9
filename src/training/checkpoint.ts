/**
 * The state of a run between two steps, as bytes: a line of JSON, then weights, both moments, the average of the
 * weights and, where they are others, the best weights as float32, then the SHA-256 of all that goes before.
 */
import { z } from 'zod';
import { RunError } from '../errors.js';
import { sha256 } from '../files/hash.js';

/** Averaged weights that did best on the validation cases so far. */
export interface BestWeights {
  readonly step: number;
  /** Mean over tasks of the mean Dice over a task's validation cases. */
  readonly score: number;
  readonly weights: Float32Array;
}

export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  /** Steps of the whole run; null until `--minutes` has been turned into a number. */
  readonly steps: number | null;
  /** Seconds spent in steps so far, over all sittings. */
  readonly seconds: number;
  /** Seconds spent in validation so far, likewise. */
  readonly validationSeconds: number;
  /** The last step that was validated; 0 before the first. */
  readonly validatedStep: number;
  readonly best: BestWeights | null;
  readonly weights: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Moving average of the weights over steps: what is validated and kept. */
  readonly average: Float32Array;
}

const whole = z.number().int().nonnegative();
const headerSchema = z.object({
  format: z.literal('candor-checkpoint'),
  version: z.literal(3),
  step: whole,
  steps: z.number().int().positive().nullable(),
  seconds: z.number().nonnegative(),
  validationSeconds: z.number().nonnegative(),
  validatedStep: whole,
  best: z.object({ step: whole, score: z.number() }).nullable(),
  /** Weights of the network. */
  length: z.number().int().positive(),
});
const HASH_LENGTH = 64;

export async function encodeCheckpoint(state: TrainingState): Promise<Uint8Array> {
  const { weights, firstMoment, secondMoment, average, best, ...progress } = state;
  const header: z.infer<typeof headerSchema> = {
    format: 'candor-checkpoint',
    version: 3,
    ...progress,
    best: best && { step: best.step, score: best.score },
    length: weights.length,
  };
  const text = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const parts = [
    weights,
    firstMoment,
    secondMoment,
    average,
    ...(best && best.step !== state.step ? [best.weights] : []),
  ];
  const body = parts.length * weights.byteLength;
  const bytes = new Uint8Array(text.length + body + HASH_LENGTH);
  bytes.set(text);
  parts.forEach(({ buffer, byteOffset, byteLength }, i) => {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), text.length + i * byteLength);
  });
  const end = text.length + body;
  bytes.set(new TextEncoder().encode(await sha256(bytes.subarray(0, end))), end);
  return bytes;
}

/** Read a checkpoint; throws RunError naming `file` where it is damaged or of another version of Candor. */
export async function decodeCheckpoint(bytes: Uint8Array, file: string): Promise<TrainingState> {
  const end = bytes.length - HASH_LENGTH;
  const header = parseHeader(bytes.subarray(0, Math.max(0, bytes.indexOf(10))));
  if (header?.format === 'candor-checkpoint' && (header.version === 1 || header.version === 2)) {
    throw new RunError({
      file,
      problem: 'was written by an earlier version of Candor',
      remedy: 'delete the run folder to start over',
    });
  }
  const known = headerSchema.safeParse(header);
  const hash = new TextDecoder().decode(bytes.subarray(Math.max(0, end)));
  const body = bytes.subarray(bytes.indexOf(10) + 1, Math.max(0, end));
  if (!known.success || body.length !== bodyLength(known.data) || hash !== (await sha256(bytes.subarray(0, end)))) {
    throw new RunError({
      file,
      expected: 'a checkpoint of Candor',
      found: 'a damaged or foreign file',
      remedy: 'delete it to start over',
    });
  }
  const { format: _format, version: _version, length, best, ...progress } = known.data;
  // A copy: a view would start at an odd place of the file's memory.
  const values = new Float32Array(new Uint8Array(body).buffer);
  const [weights, firstMoment, secondMoment, average, bestWeights] = [0, 1, 2, 3, 4].map((i) =>
    values.slice(i * length, (i + 1) * length),
  );
  const kept = best && { ...best, weights: best.step === progress.step ? average : bestWeights };
  return { ...progress, best: kept, weights, firstMoment, secondMoment, average };
}

/** Bytes of all vectors; the best weights have their own where they are not the last ones. */
function bodyLength({ length, best, step }: z.infer<typeof headerSchema>): number {
  return 4 * length * (best && best.step !== step ? 5 : 4);
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}
