/**
 * One interface for the default detector and its rivals, so that all stand in the same table and share the same
 * conformal guarantee: a detector turns features into distances from a task's bank, `conformal.ts` does the rest.
 */
import type { BankFeatures, Features } from './features.js';

/** Distances of one image from one task's bank: one component per layer, or one in all; +Infinity where unusable. */
export type Distances = Float64Array;

export interface Detector<Name extends string = string> {
  readonly name: Name;
  /**
   * True: components are brought to one scale by the calibration images (`standardise.ts`) before they are combined.
   * False: there is one component and it is the score.
   */
  readonly standardised: boolean;
  /** Number of components of a distance, given the number of layers. */
  components(layers: number): number;
  /**
   * Learn from the banks (`banks[task][image]`, each at least two images of like shapes).
   * The returned function measures an image, run under a task's plan, against that task's bank.
   */
  fit(banks: readonly (readonly BankFeatures[])[]): (features: Features, task: number) => ArrayLike<number>;
}

/** Euclidean distance from a vector to the nearest of several. */
export function nearestDistance(vector: Float64Array, references: readonly Float64Array[]): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (const reference of references) {
    let squares = 0;
    for (let i = 0; i < vector.length; i++) squares += (vector[i] - reference[i]) ** 2;
    if (squares < nearest) nearest = squares;
  }
  return Math.sqrt(nearest);
}
