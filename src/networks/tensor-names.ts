/** What the inputs and outputs of graphs are called, and how images lie in them: whoever feeds a graph asks here. */
import type { Vec3 } from '../math/vector.js';

/** Images `[batch, 1, depth, height, width]` of a network that is run, and its logits. */
export const IMAGE = 'image';
export const LOGITS = 'logits';

/** Output name of a layer's Gram matrices. */
export const gramOutput = (layer: string): string => `gram/${layer}`;
/** Input name of the channel mask of a place. */
export const dropoutInput = (place: string): string => `dropout/${place}`;

/** Of a training step: inputs of a bucket of patches, and the soft Dice of each. */
export const bucketImage = (bucket: string): string => `image/${bucket}`;
export const bucketLabel = (bucket: string): string => `label/${bucket}`;
/** Of a step with several structures: which of them a patch's task has, and which its case is annotated for. */
export const bucketPresent = (bucket: string): string => `present/${bucket}`;
export const bucketAnnotated = (bucket: string): string => `annotated/${bucket}`;
/** Of a step in which some structures may overlap: whether those of a patch's task do. */
export const bucketOverlapping = (bucket: string): string => `overlapping/${bucket}`;
/** Of a step with voxels that are to be ignored: where something is known. */
export const bucketKnown = (bucket: string): string => `known/${bucket}`;
export const bucketDice = (bucket: string): string => `dice/${bucket}`;
export const bucketDropout = (bucket: string, place: string): string => `dropout/${bucket}/${place}`;

/** Vectors that a training step takes and gives back changed, under {@link nextOf} their names. */
export const stepVectors = ['weights', 'firstMoment', 'secondMoment'] as const;
/** Numbers that it takes. */
export const stepNumbers = ['learningRate', 'correction1', 'correction2'] as const;
export const nextOf = (vector: (typeof stepVectors)[number]): string => `${vector}/next`;
export const LOSS = 'loss';
export const GRADIENT_NORM = 'gradientNorm';

/** Sides of an image, x fastest, as a tensor has them: `[depth, height, width]`, the last fastest. */
export function tensorOrder([width, height, depth]: Vec3): [depth: number, height: number, width: number] {
  return [depth, height, width];
}
