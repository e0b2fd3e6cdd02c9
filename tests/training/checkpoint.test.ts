import { describe, expect, it } from 'vitest';
import { RunError } from '../../src/errors.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.js';

const values = (scale: number) => Float32Array.from({ length: 7 }, (_, i) => scale * Math.sin(i));
const state = {
  step: 120,
  steps: 400,
  seconds: 12.5,
  validationSeconds: 1.25,
  validatedStep: 100,
  best: { step: 100, score: 0.75, weights: values(2) },
  weights: values(1),
  average: values(3),
  firstMoment: values(-1e-30),
  secondMoment: Float32Array.of(0, -0, 1e-45, 3.4e38, 1, 2, 3),
};

describe('a checkpoint', () => {
  it('comes back bit for bit', async () => {
    expect(await decodeCheckpoint(await encodeCheckpoint(state), 'c')).toEqual(state);
    const undecided = { ...state, steps: null };
    expect(await decodeCheckpoint(await encodeCheckpoint(undecided), 'c')).toEqual(undecided);
    for (const best of [null, { step: 120, score: 0.5, weights: state.average }]) {
      expect(await decodeCheckpoint(await encodeCheckpoint({ ...state, best }), 'c')).toEqual({ ...state, best });
    }
  });

  it('comes back from a view into a larger buffer, as files are read', async () => {
    const bytes = await encodeCheckpoint(state);
    const pool = Buffer.alloc(bytes.length + 64);
    for (const offset of [0, 1, 3]) {
      pool.set(bytes, offset);
      expect(await decodeCheckpoint(pool.subarray(offset, offset + bytes.length), 'c')).toEqual(state);
    }
  });

  it('that is cut off or changed anywhere is refused by name', async () => {
    const bytes = await encodeCheckpoint(state);
    const refused = async (damaged: Uint8Array) => {
      await expect(decodeCheckpoint(damaged, 'run/checkpoint.bin')).rejects.toThrow(RunError);
      await expect(decodeCheckpoint(damaged, 'run/checkpoint.bin')).rejects.toThrow(/^run\/checkpoint.bin: /);
    };
    for (let end = 0; end < bytes.length; end += 5) await refused(bytes.subarray(0, end));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] ^= 4;
      await refused(damaged);
    }
    await refused(new TextEncoder().encode('{"format":"another"}\n'));
  });
});
