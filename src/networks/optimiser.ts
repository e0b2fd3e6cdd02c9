/** AdamW with gradient-norm clipping (Loshchilov and Hutter 2019) as a graph over the flat weight vector. */

import { reduceSum } from '../graph/ops/broadcast.js';
import { add, div, min, mul, sqrt, sub } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';

export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Gradients longer than this (Euclidean norm over all weights) are scaled down to it. */
  readonly maximumNorm: number;
}

export const defaultAdamW: AdamWSettings = {
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 1e-2,
  maximumNorm: 12,
};

export interface OptimiserInputs {
  readonly weights: Tensor;
  readonly gradient: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
  /** 1 where weight decay applies. */
  readonly decayMask: Tensor;
  /** `[1]` each: learning rate, and 1 - beta^t of both moments. */
  readonly learningRate: Tensor;
  readonly correction1: Tensor;
  readonly correction2: Tensor;
}

export interface OptimiserOutputs {
  readonly weights: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
  /** Norm of the gradient before clipping. */
  readonly gradientNorm: Tensor;
}

/** One update; all vectors have the length of the flat weight vector. */
export function adamW(inputs: OptimiserInputs, settings: AdamWSettings): OptimiserOutputs {
  const { weights, gradient, firstMoment, secondMoment, learningRate } = inputs;
  const { graph } = weights;
  const s = (value: number) => graph.scalar(value);
  // Scalars are gathered before they meet a vector: every operation over all weights is a pass through memory.
  const squares = mul(gradient, gradient);
  const gradientNorm = sqrt(reduceSum(squares, [0]));
  const clip = min(s(1), div(s(settings.maximumNorm), add(gradientNorm, s(1e-6))));
  const mix = (moment: Tensor, value: Tensor, beta: number, scale: Tensor) =>
    add(mul(moment, s(beta)), mul(value, mul(scale, s(1 - beta))));
  const first = mix(firstMoment, gradient, settings.beta1, clip);
  const second = mix(secondMoment, squares, settings.beta2, mul(clip, clip));
  // lr * (m / c1) / (sqrt(v / c2) + eps), both sides of the fraction times sqrt(c2).
  const root = sqrt(inputs.correction2);
  const denominator = add(sqrt(second), mul(root, s(settings.epsilon)));
  const update = div(mul(first, mul(root, div(learningRate, inputs.correction1))), denominator);
  const decay = mul(mul(weights, inputs.decayMask), mul(learningRate, s(settings.weightDecay)));
  return { weights: sub(weights, add(update, decay)), firstMoment: first, secondMoment: second, gradientNorm };
}

/** Linear warm-up to `peak` over `warmup` steps, then half a cosine down to zero at `steps`. `step` counts from 0. */
export function learningRateAt(step: number, schedule: { peak: number; warmup: number; steps: number }): number {
  const { peak, warmup, steps } = schedule;
  if (step < warmup) return (peak * (step + 1)) / warmup;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return 0.5 * peak * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
