/**
 * Segmentation losses on a logit a structure against a background of 0, as graphs: `softmax(0, z_1 .. z_k)`, with one
 * structure the sigmoid. A structure that a case's reference leaves out is no background: it is merged into the
 * background of that case (the marginal loss of Shi et al. 2021).
 */

import { reduceSum } from '../graph/ops/broadcast.js';
import { add, div, exp, max, mul, neg, reduceMean, sigmoid, softplus, sub } from '../graph/ops/elementwise.js';
import { slice } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';

export const lossNames = ['ce+dice', 'ce', 'dice'] as const;
export type LossName = (typeof lossNames)[number];

/** Added to both sides of the Dice ratio, in voxels: patches without foreground stay defined. */
const DICE_SMOOTHING = 1;
/** Taken off the logit of a structure that is not there: enough that its probability is 0. */
const ABSENT = 1e4;

/** What is known of each patch of a batch, where there are several logits; `[batch, heads, 1, ...]`, 0 or 1. */
export interface StructureMasks {
  /** The patch's task has this structure; the logits of others take no part. */
  readonly present: Tensor;
  /** Its reference shows this structure wherever it is; at most where present. */
  readonly annotated: Tensor;
}

/** The logits as the masks leave them, and their normaliser. */
interface Terms {
  readonly logits: Tensor;
  /** log(1 + sum exp z), `[batch, 1, ...]`, by which exp z becomes a probability; made once, where it is wanted. */
  readonly partition: () => Tensor;
  readonly masks?: StructureMasks;
}

const headsOf = (x: Tensor): number => x.shape[1] as number;

function termsOf(logits: Tensor, masks: StructureMasks | undefined): Terms {
  const kept = masks ? only(logits, masks.present) : logits;
  let partition: Tensor | undefined;
  return { logits: kept, partition: () => (partition ??= logPartition(kept)), masks };
}

/** Logits of the structures that a mask names; the others are as good as minus infinity. */
function only(logits: Tensor, mask: Tensor): Tensor {
  const { graph } = logits;
  return add(logits, mul(sub(mask, graph.scalar(1)), graph.scalar(ABSENT)));
}

/** log(1 + exp z_1 + .. + exp z_k) over the structures, one after another, each step a softplus: it cannot overflow. */
function logPartition(logits: Tensor): Tensor {
  const heads = headsOf(logits);
  if (heads === 1) return softplus(logits);
  const plane = (k: number) => slice(logits, [1], [k], [k + 1]);
  return logits.graph.composite(
    'logPartition',
    [logits],
    () => {
      let sum = softplus(plane(0));
      for (let k = 1; k < heads; k++) sum = add(sum, softplus(sub(plane(k), sum)));
      return sum;
    },
    // Its derivatives are the probabilities.
    (dy, _wanted, sum) => [mul(dy, exp(sub(logits, sum)))],
  );
}

const overStructures = (x: Tensor): Tensor => (headsOf(x) === 1 ? x : reduceSum(x, [1]));

/** Mean over voxels of the negative log likelihood of labels `y`: log(1 + sum exp z) - sum y z. One number. */
function crossEntropy({ logits, partition, masks }: Terms, label: Tensor): Tensor {
  const { graph } = logits;
  const normaliser = partition();
  const right = overStructures(mul(label, logits));
  if (!masks) return reduceMean(sub(normaliser, right));
  // Background may be any structure that was not annotated: log of 1 + the sum of their exp z.
  const hidden = logPartition(only(logits, sub(masks.present, masks.annotated)));
  const background = sub(graph.scalar(1), overStructures(label));
  return reduceMean(sub(normaliser, add(right, mul(background, hidden))));
}

/**
 * Soft Dice coefficient of each image (Milletari et al. 2016, without squares), `[batch, 1, ...]`: the mean over its
 * annotated structures.
 */
function softDice({ logits, partition, masks }: Terms, label: Tensor): Tensor {
  const { graph } = logits;
  const heads = headsOf(logits);
  const axes = logits.shape.map((_, i) => i).slice(heads === 1 ? 1 : 2);
  const probability = heads === 1 ? sigmoid(logits) : exp(sub(logits, partition()));
  const overlap = reduceSum(mul(probability, label), axes);
  const total = reduceSum(add(probability, label), axes);
  const smoothing = graph.scalar(DICE_SMOOTHING);
  const dice = div(add(mul(graph.scalar(2), overlap), smoothing), add(total, smoothing));
  if (!masks) return dice;
  const { annotated } = masks;
  return div(overStructures(mul(dice, annotated)), max(graph.scalar(1), overStructures(annotated)));
}

export interface SegmentationLoss {
  /** One number to minimise. */
  readonly loss: Tensor;
  /** Soft Dice of each image `[batch]`-like, for progress. */
  readonly dice: Tensor;
}

/**
 * The loss by name; `ce+dice` is cross-entropy plus one minus the mean soft Dice, as in nnU-Net.
 * @param logits `[batch, heads, ...space]`
 * @param label likewise, 0 or 1; 0 too where a structure was not annotated
 * @param masks where there are several heads
 */
export function segmentationLoss(
  name: LossName,
  logits: Tensor,
  label: Tensor,
  masks?: StructureMasks,
): SegmentationLoss {
  const terms = termsOf(logits, masks);
  const dice = softDice(terms, label);
  const diceLoss = () => add(neg(reduceMean(dice)), logits.graph.scalar(1));
  switch (name) {
    case 'ce':
      return { loss: crossEntropy(terms, label), dice };
    case 'dice':
      return { loss: diceLoss(), dice };
    case 'ce+dice':
      return { loss: add(crossEntropy(terms, label), diceLoss()), dice };
  }
}
