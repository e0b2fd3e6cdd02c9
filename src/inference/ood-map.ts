/** Where in a scan the OOD score comes from: every window has a signature of its own. */
import { count } from '../math/vector.js';
import type { Features } from '../ood/features.js';
import { taskScore } from '../ood/scores.js';
import type { OodState } from '../ood/state.js';
import { restoreValues } from '../preprocessing/preprocess.js';
import type { KeptScan } from './scan.js';
import { blendWindows } from './sliding-window.js';

/** What an infinite score (the network overflowed) is drawn as: above any finite one, and fit for a viewer. */
const HIGHEST = 1e6;

/**
 * OOD score of each voxel's surroundings under a task, on the image's own grid and in its voxel order; larger is
 * further from the training images. Every window of the scan is scored as a scan would be, by the detector of the verdict, and the scores are
 * blended with the weights of the sliding window.
 *
 * It tells where, relative to the rest of the scan, and no finer than the windows are. It is no p-value, and cannot be
 * compared with the scan's own score: bank and calibration are of whole scans, windows differ more than scans do, and
 * those of a familiar scan too lie far above its score. An image that fits one window gets a constant map. Windows in
 * which all voxels are alike score as the lowest of the others.
 */
export async function oodMap(state: OodState, task: string, scan: KeptScan): Promise<Float32Array> {
  const scoreOf = (features: Features) => Math.min(taskScore(state, task, features), HIGHEST);
  const scores = scan.windowFeatures.map((features) => (features === undefined ? undefined : scoreOf(features)));
  const least = scores.reduce<number>((a, b) => Math.min(a, b ?? a), HIGHEST);
  const { plan, prepared } = scan;
  const window = new Float32Array(count(plan.patch));
  let next = 0;
  const map = await blendWindows(prepared.grid.size, plan, async () => window.fill(scores[next++] ?? least));
  return restoreValues(map, prepared);
}
