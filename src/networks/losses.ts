/** Segmentation losses on one foreground logit, as graphs. */

import { reduceSum } from '../graph/ops/broadcast.js';
import { add, div, mul, neg, reduceMean, sigmoid, softplus, sub } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';

export const lossNames = ['ce+dice', 'ce', 'dice'] as const;
export type LossName = (typeof lossNames)[number];

/** Added to both sides of the Dice ratio, in voxels: patches without foreground stay defined. */
const DICE_SMOOTHING = 1;

const sumPerImage = (x: Tensor): Tensor => reduceSum(x, x.shape.map((_, i) => i).slice(1));

/** Mean binary cross-entropy of logits `z` and labels `y` in {0, 1}: softplus(z) - y z. One number. */
export function crossEntropy(logits: Tensor, label: Tensor): Tensor {
  return reduceMean(sub(softplus(logits), mul(label, logits)));
}

/** Soft Dice coefficient of each image (Milletari et al. 2016, without squares), `[batch, 1, ...]`. */
export function softDice(logits: Tensor, label: Tensor): Tensor {
  const { graph } = logits;
  const probability = sigmoid(logits);
  const overlap = sumPerImage(mul(probability, label));
  const total = sumPerImage(add(probability, label));
  const smoothing = graph.scalar(DICE_SMOOTHING);
  return div(add(mul(graph.scalar(2), overlap), smoothing), add(total, smoothing));
}

export interface SegmentationLoss {
  /** One number to minimise. */
  readonly loss: Tensor;
  /** Soft Dice of each image `[batch]`-like, for progress. */
  readonly dice: Tensor;
}

/** The loss by name; `ce+dice` is cross-entropy plus one minus the mean soft Dice, as in nnU-Net. */
export function segmentationLoss(name: LossName, logits: Tensor, label: Tensor): SegmentationLoss {
  const dice = softDice(logits, label);
  const diceLoss = () => add(neg(reduceMean(dice)), logits.graph.scalar(1));
  switch (name) {
    case 'ce':
      return { loss: crossEntropy(logits, label), dice };
    case 'dice':
      return { loss: diceLoss(), dice };
    case 'ce+dice':
      return { loss: add(crossEntropy(logits, label), diceLoss()), dice };
  }
}
