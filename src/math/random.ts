/**
 * Seeded random numbers. A stream is a pure function of its key, so that batch k of a run can be made anywhere,
 * in any order, with the same result: `createRandom(seed, step, slot)`.
 */

export interface Random {
  /** Uniform in [0, 1) with 32 bits. */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Integer in [0, n). */
  integer(n: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** True with probability p. */
  chance(p: number): boolean;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

/** Mix a key of numbers and strings into four 32-bit words (murmur3 finaliser over each part). */
function hashKey(key: readonly (number | string)[]): [number, number, number, number] {
  const state: [number, number, number, number] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667];
  const absorb = (word: number) => {
    for (let i = 0; i < 4; i++) {
      let h = (state[i] ^ Math.imul(word + i, 0xcc9e2d51)) >>> 0;
      h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
      h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
      state[i] = (h ^ (h >>> 16) ^ state[(i + 1) % 4]) >>> 0;
    }
  };
  for (const part of key) {
    if (typeof part === 'number') {
      absorb(part >>> 0);
      absorb(Math.floor(part / 2 ** 32) >>> 0);
    } else {
      for (const character of part) absorb(character.codePointAt(0)!);
      absorb(0xffffffff);
    }
  }
  return state;
}

/** A random stream fixed by its key (Doty-Humphrey's sfc32 generator). */
export function createRandom(...key: (number | string)[]): Random {
  let [a, b, c, d] = hashKey(key);
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  let spare: number | undefined;
  return {
    uniform: next,
    between: (low, high) => low + (high - low) * next(),
    integer: (n) => Math.floor(next() * n),
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - next()));
      const angle = 2 * Math.PI * next();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    chance: (p) => next() < p,
    shuffle(items) {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        [copy[i], copy[j]] = [copy[j], copy[i]];
      }
      return copy;
    },
  };
}
