/** How strange one run is under one task, as a number for maps and rankings: no p-value, no verdict. */
import { plugInScores } from './conformal.js';
import type { Features } from './features.js';
import { detectorOf, measure, type OodState } from './state.js';

/**
 * S_t of one run under a task's plan by the state's own detector, with plain constants; larger is stranger. The same
 * number as a verdict's `perTask` score; +Infinity where the network overflowed.
 * @throws UsageError on an unknown task, or features of another network
 */
export function taskScore(state: OodState, task: string, features: Features): number {
  const fitted = detectorOf(state, state.detector);
  const scores = plugInScores(fitted.detector, fitted.calibration, measure(state, fitted, { [task]: features }));
  return scores[state.tasks.findIndex(({ name }) => name === task)];
}
