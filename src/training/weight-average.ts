/**
 * The moving average of the weights, which is what a run validates and keeps: while the learning rate is high, single
 * weights lie about a minimum and their average lies in it (Polyak and Juditsky 1992; Tarvainen and Valpola 2017).
 */

/** Share of the average that a step keeps in the long run: a memory of some 200 steps. */
const DECAY = 0.995;

/**
 * The average after one more step, in float32.
 * @param step the number of steps done: at first little is kept, so that the initial weights are soon forgotten
 */
export function averageWeights(average: Float32Array, weights: Float32Array, step: number): Float32Array {
  const share = 1 - Math.min(DECAY, step / (10 + step));
  const next = new Float32Array(weights.length);
  for (let i = 0; i < next.length; i++) next[i] = average[i] + share * (weights[i] - average[i]);
  return next;
}
