/**
 * Segmentation losses on a logit a structure against a background of 0, as graphs: `softmax(0, z_1 .. z_k)`, with one
 * structure the sigmoid. A structure that a case's reference leaves out is no background: it is merged into the
 * background of that case (the marginal loss of Shi et al. 2021). Structures that overlap have a sigmoid each, and
 * voxels of which nothing is known count nowhere, as in nnU-Net.
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

/** What is known of each patch of a batch, 0 or 1; a mask that no task of a run needs is left out. */
export interface LabelMasks {
  /** Where there are several logits, `[batch, heads, 1, ...]`. */
  readonly structures?: {
    /** The patch's task has this structure; the logits of others take no part. */
    readonly present: Tensor;
    /** Its reference shows this structure wherever it is; at most where present. */
    readonly annotated: Tensor;
  };
  /** The structures of the patch's task may overlap, `[batch, 1, 1, ...]`. */
  readonly overlapping?: Tensor;
  /** Something is known of the voxel, `[batch, 1, ...space]`. */
  readonly known?: Tensor;
}

/** The logits as the masks leave them, and their normaliser. */
interface Terms {
  readonly logits: Tensor;
  /** log(1 + sum exp z), `[batch, 1, ...]`, by which exp z becomes a probability; made once, where it is wanted. */
  readonly partition: () => Tensor;
  readonly masks: LabelMasks;
}

const headsOf = (x: Tensor): number => x.shape[1] as number;

function termsOf(logits: Tensor, masks: LabelMasks): Terms {
  const kept = masks.structures ? only(logits, masks.structures.present) : logits;
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

/** Where structures may overlap one value, elsewhere another. */
function choose({ overlapping }: LabelMasks, exclusive: Tensor, independent: () => Tensor): Tensor {
  if (!overlapping) return exclusive;
  return add(exclusive, mul(overlapping, sub(independent(), exclusive)));
}

/** Mean over voxels of which something is known of the negative log likelihood of labels `y`. One number. */
function crossEntropy(terms: Terms, label: Tensor): Tensor {
  const { masks } = terms;
  const ofVoxels = choose(masks, exclusiveEntropy(terms, label), () => independentEntropy(terms, label));
  if (!masks.known) return reduceMean(ofVoxels);
  const known = reduceSum(masks.known);
  return div(reduceSum(mul(masks.known, ofVoxels)), max(ofVoxels.graph.scalar(1), known));
}

/** log(1 + sum exp z) - sum y z, `[batch, 1, ...]`. */
function exclusiveEntropy({ logits, partition, masks: { structures } }: Terms, label: Tensor): Tensor {
  const { graph } = logits;
  const normaliser = partition();
  const right = overStructures(mul(label, logits));
  if (!structures) return sub(normaliser, right);
  // Background may be any structure that was not annotated: log of 1 + the sum of their exp z.
  const hidden = logPartition(only(logits, sub(structures.present, structures.annotated)));
  const background = sub(graph.scalar(1), overStructures(label));
  return sub(normaliser, add(right, mul(background, hidden)));
}

/** Binary cross-entropy, the mean over annotated structures, `[batch, 1, ...]`. */
function independentEntropy({ logits, masks: { structures } }: Terms, label: Tensor): Tensor {
  const each = sub(softplus(logits), mul(label, logits));
  return structures ? overAnnotated(each, structures.annotated) : overStructures(each);
}

/** Mean over the annotated structures, of which there may be none. */
function overAnnotated(x: Tensor, annotated: Tensor): Tensor {
  return div(overStructures(mul(x, annotated)), max(x.graph.scalar(1), overStructures(annotated)));
}

/**
 * Soft Dice coefficient of each image (Milletari et al. 2016, without squares), `[batch, 1, ...]`: the mean over its
 * annotated structures.
 */
function softDice({ logits, partition, masks }: Terms, label: Tensor): Tensor {
  const { graph } = logits;
  const heads = headsOf(logits);
  const axes = logits.shape.map((_, i) => i).slice(heads === 1 ? 1 : 2);
  const exclusive = heads === 1 ? sigmoid(logits) : exp(sub(logits, partition()));
  const anywhere = heads === 1 ? exclusive : choose(masks, exclusive, () => sigmoid(logits));
  const probability = masks.known ? mul(anywhere, masks.known) : anywhere;
  const overlap = reduceSum(mul(probability, label), axes);
  const total = reduceSum(add(probability, label), axes);
  const smoothing = graph.scalar(DICE_SMOOTHING);
  const dice = div(add(mul(graph.scalar(2), overlap), smoothing), add(total, smoothing));
  return masks.structures ? overAnnotated(dice, masks.structures.annotated) : dice;
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
 * @param label likewise, 0 or 1; 0 too where a structure was not annotated, and where nothing is known
 * @param masks where there are several heads, structures that overlap, or voxels of which nothing is known
 */
export function segmentationLoss(
  name: LossName,
  logits: Tensor,
  label: Tensor,
  masks: LabelMasks = {},
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
