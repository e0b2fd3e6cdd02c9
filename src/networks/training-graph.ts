/** A whole training step as one ONNX graph: forward, loss, gradients, clipping and the optimiser's update. */
import { gradients } from '../graph/gradients.js';
import { Graph } from '../graph/graph.js';
import { encodeModel } from '../graph/onnx/encode.js';
import { add, mul } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';
import type { LabelNeeds } from '../labels/label-space.js';
import { type Architecture, headsOf } from './architecture.js';
import type { LayersFactory } from './layers/layers.js';
import { plainLayers } from './layers/plain.js';
import { type LabelMasks, type LossName, segmentationLoss } from './losses.js';
import { type AdamWSettings, adamW } from './optimiser.js';
import { concatFlat, decayMask, parameterCount, sliceParameters } from './parameters.js';
import {
  bucketAnnotated,
  bucketDice,
  bucketDropout,
  bucketImage,
  bucketKnown,
  bucketLabel,
  bucketOverlapping,
  bucketPresent,
  GRADIENT_NORM,
  LOSS,
  nextOf,
  stepNumbers,
  stepVectors,
} from './tensor-names.js';
import { dropoutPlaces, unet, unetParameters } from './unet.js';

/** Patches of one shape that are fed together. Tasks with different patches are different buckets of one step. */
export interface PatchBucket {
  readonly name: string;
  readonly batch: number;
  /** Tensor order: `[depth, height, width]`. */
  readonly space: readonly number[];
}

export interface TrainingGraphOptions {
  readonly architecture: Architecture;
  readonly buckets: readonly PatchBucket[];
  readonly loss: LossName;
  readonly optimiser: AdamWSettings;
  /** Feed channel masks `dropout/<bucket>/<place>`. */
  readonly dropout: boolean;
  /** What some task of the run asks for; default: nothing. */
  readonly needs?: LabelNeeds;
  /** How the layers are computed; default: by plain operators. */
  readonly layers?: LayersFactory;
}

/**
 * The step as a graph. Inputs: `image/<bucket>` `[batch, 1, ...space]`, `label/<bucket>` `[batch, heads, ...space]`, with
 * several heads `present/<bucket>` and `annotated/<bucket>` `[batch, heads, 1, ...]`, where `needs` asks for it
 * `overlapping/<bucket>` `[batch, 1, 1, ...]` and `known/<bucket>` `[batch, 1, ...space]`; `weights`, `firstMoment`,
 * `secondMoment` (flat), `learningRate`, `correction1`, `correction2` `[1]`. Outputs: the new `weights/next`,
 * `firstMoment/next`, `secondMoment/next`, `loss` and `gradientNorm` `[1]`, `dice/<bucket>` `[batch, 1, ...]`.
 * The loss is the mean over all patches of all buckets.
 */
export function trainingGraph(options: TrainingGraphOptions): Graph {
  const { architecture, buckets, layers = plainLayers } = options;
  const graph = new Graph();
  const specs = unetParameters(architecture);
  const n = parameterCount(specs);
  const [weights, firstMoment, secondMoment] = stepVectors.map((name) => graph.input(name, [n]));
  const [learningRate, correction1, correction2] = stepNumbers.map((name) => graph.input(name, [1]));
  const parameters = sliceParameters(specs, weights);
  const patches = buckets.reduce((sum, bucket) => sum + bucket.batch, 0);
  let loss: Tensor | undefined;
  for (const bucket of buckets) {
    const image = graph.input(bucketImage(bucket.name), [bucket.batch, 1, ...bucket.space]);
    const label = graph.input(bucketLabel(bucket.name), [bucket.batch, headsOf(architecture), ...bucket.space]);
    const labelMasks = labelInputs(graph, options, bucket);
    const masks = options.dropout ? dropoutInputs(graph, architecture, bucket) : undefined;
    const { logits } = unet(architecture, image, parameters, layers(image), masks);
    const part = segmentationLoss(options.loss, logits, label, labelMasks);
    graph.output(bucketDice(bucket.name), part.dice);
    const weighted = mul(part.loss, graph.scalar(bucket.batch / patches));
    loss = loss ? add(loss, weighted) : weighted;
  }
  const names = specs.map(({ name }) => name);
  const parts = gradients(
    loss!,
    names.map((name) => parameters.get(name)!),
  );
  const next = adamW(
    {
      weights,
      firstMoment,
      secondMoment,
      gradient: concatFlat(parts),
      decayMask: graph.constant('decayMask', [n], decayMask(specs)),
      learningRate,
      correction1,
      correction2,
    },
    options.optimiser,
  );
  graph.output(LOSS, loss!);
  graph.output(GRADIENT_NORM, next.gradientNorm);
  for (const name of stepVectors) graph.output(nextOf(name), next[name]);
  return graph;
}

/** With one head every patch has its structure, and every case is annotated. */
function labelInputs(graph: Graph, { architecture, needs }: TrainingGraphOptions, bucket: PatchBucket): LabelMasks {
  const heads = headsOf(architecture);
  const ones = bucket.space.map(() => 1);
  const ofStructures = (nameOf: (bucket: string) => string) =>
    graph.input(nameOf(bucket.name), [bucket.batch, heads, ...ones]);
  return {
    ...(heads > 1 && {
      structures: { present: ofStructures(bucketPresent), annotated: ofStructures(bucketAnnotated) },
    }),
    ...(needs?.overlapping && {
      overlapping: graph.input(bucketOverlapping(bucket.name), [bucket.batch, 1, ...ones]),
    }),
    ...(needs?.ignore && { known: graph.input(bucketKnown(bucket.name), [bucket.batch, 1, ...bucket.space]) }),
  };
}

function dropoutInputs(graph: Graph, architecture: Architecture, bucket: PatchBucket): Map<string, Tensor> {
  return new Map(
    dropoutPlaces(architecture).map(({ name, channels }) => {
      const shape = [bucket.batch, channels, ...bucket.space.map(() => 1)];
      return [name, graph.input(bucketDropout(bucket.name, name), shape)];
    }),
  );
}

/** ONNX bytes of {@link trainingGraph}. */
export function encodeTrainingGraph(options: TrainingGraphOptions): Uint8Array {
  return encodeModel(trainingGraph(options), { name: 'candor training step', hideShapes: true });
}
