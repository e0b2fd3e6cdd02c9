/**
 * Exact percentiles of large images without sorting or copying them: float32 bit patterns, made order-preserving,
 * are counted by their upper 16 bits, then by their lower 16 bits within the one bin that holds the wanted rank.
 */

const bins = 1 << 16;

/** Map float32 bits to an unsigned integer that sorts as the floats do. */
function ordered(bits: number): number {
  return (bits & 0x80000000 ? ~bits : bits | 0x80000000) >>> 0;
}

function floatOf(key: number): number {
  const bits = key & 0x80000000 ? key & 0x7fffffff : ~key;
  return new Float32Array(new Uint32Array([bits]).buffer)[0];
}

/**
 * Percentiles (0 to 100) of the values above a bound, as numpy's `percentile` with linear interpolation.
 * @param values finite values
 * @param above only values greater than this count
 * @returns one number per wanted percentile; NaN where no value lies above the bound
 */
export function percentilesAbove(values: Float32Array, above: number, wanted: readonly number[]): number[] {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const upper = new Uint32Array(bins);
  let n = 0;
  for (let i = 0; i < values.length; i++)
    if (values[i] > above) {
      upper[ordered(bits[i]) >>> 16]++;
      n++;
    }
  const lowerOf = new Map<number, Uint32Array>();
  const lower = (bin: number): Uint32Array => {
    const known = lowerOf.get(bin);
    if (known) return known;
    const counts = new Uint32Array(bins);
    for (let i = 0; i < values.length; i++) {
      const key = ordered(bits[i]);
      if (key >>> 16 === bin && values[i] > above) counts[key & 0xffff]++;
    }
    lowerOf.set(bin, counts);
    return counts;
  };
  const ranked = (rank: number): number => {
    const bin = place(upper, rank);
    return floatOf((bin.index * bins + place(lower(bin.index), bin.rest).index) >>> 0);
  };
  return wanted.map((percentile) => {
    if (n === 0) return Number.NaN;
    const position = (percentile / 100) * (n - 1);
    const rank = Math.floor(position);
    const low = ranked(rank);
    return position === rank ? low : low + (ranked(rank + 1) - low) * (position - rank);
  });
}

/** The bin that holds a rank, and the rank within it. */
function place(counts: Uint32Array, rank: number): { index: number; rest: number } {
  let index = 0;
  while (rank >= counts[index]) rank -= counts[index++];
  return { index, rest: rank };
}
