/**
 * The state of a run between two steps, as bytes: a JSON header, then weights and both moments as float32. A checksum
 * covers both: a changed step number would otherwise go on from a place that never was.
 */
import { z } from 'zod';
import { RunError } from '../errors.js';
import { sha256 } from '../files/hash.js';

export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  /** Steps of the whole run; null until `--minutes` has been turned into a number. */
  readonly steps: number | null;
  /** Seconds spent in steps so far, over all sittings. */
  readonly seconds: number;
  readonly weights: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

const headerSchema = z.object({
  format: z.literal('candor-checkpoint'),
  version: z.literal(2),
  step: z.number().int().nonnegative(),
  steps: z.number().int().positive().nullable(),
  seconds: z.number().nonnegative(),
  length: z.number().int().positive(),
  sha256: z.string(),
});

function checksum(header: Omit<z.infer<typeof headerSchema>, 'sha256'>, bodyHash: string): Promise<string> {
  const { step, steps, seconds, length } = header;
  return sha256(JSON.stringify([step, steps, seconds, length, bodyHash]));
}

export async function encodeCheckpoint(state: TrainingState): Promise<Uint8Array> {
  const { step, steps, seconds, weights } = state;
  const body = new Float32Array(3 * weights.length);
  [weights, state.firstMoment, state.secondMoment].forEach((part, i) => {
    body.set(part, i * weights.length);
  });
  const bytes = new Uint8Array(body.buffer);
  const header = {
    ...({ format: 'candor-checkpoint', version: 2 } as const),
    ...{ step, steps, seconds, length: weights.length },
  };
  const signed = { ...header, sha256: await checksum(header, await sha256(bytes)) };
  const text = new TextEncoder().encode(`${JSON.stringify(signed)}\n`);
  const whole = new Uint8Array(text.length + bytes.length);
  whole.set(text);
  whole.set(bytes, text.length);
  return whole;
}

/** Read a checkpoint; throws RunError naming `file` where it is damaged. */
export async function decodeCheckpoint(bytes: Uint8Array, file: string): Promise<TrainingState> {
  const end = bytes.indexOf(10);
  const header = headerSchema.safeParse(parseHeader(bytes.subarray(0, Math.max(end, 0))));
  // A copy: a view would start at an odd place of the file's memory.
  const body = Uint8Array.from(bytes.subarray(end + 1));
  if (
    !header.success ||
    body.length !== 12 * header.data.length ||
    (await checksum(header.data, await sha256(body))) !== header.data.sha256
  ) {
    throw new RunError(
      `${file}: expected a checkpoint of Candor, found a damaged or foreign file; delete it to start over.`,
    );
  }
  const { step, steps, seconds, length } = header.data;
  const values = new Float32Array(body.buffer);
  const [weights, firstMoment, secondMoment] = [0, 1, 2].map((i) => values.slice(i * length, (i + 1) * length));
  return { step, steps, seconds, weights, firstMoment, secondMoment };
}

function parseHeader(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
