/** AdamW with gradient-norm clipping (Loshchilov and Hutter 2019) as a graph over the flat weight vector. */
import { add, div, min, mul, sqrt, sub } from '../graph/ops/elementwise.js';
import { matmul } from '../graph/ops/matmul.js';
import { reshape } from '../graph/ops/shape.js';
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
  const n = weights.shape[0] as number;
  const s = (value: number) => graph.scalar(value);
  const squared = matmul(reshape(gradient, [1, n]), reshape(gradient, [n, 1]));
  const gradientNorm = reshape(sqrt(squared), [1]);
  const clip = min(s(1), div(s(settings.maximumNorm), add(gradientNorm, s(1e-6))));
  const clipped = mul(gradient, clip);
  const mix = (moment: Tensor, value: Tensor, beta: number) => add(mul(moment, s(beta)), mul(value, s(1 - beta)));
  const first = mix(firstMoment, clipped, settings.beta1);
  const second = mix(secondMoment, mul(clipped, clipped), settings.beta2);
  // lr * (m / c1) / (sqrt(v / c2) + eps), with the scalars gathered before they meet a vector.
  const denominator = add(sqrt(div(second, inputs.correction2)), s(settings.epsilon));
  const update = div(mul(first, div(learningRate, inputs.correction1)), denominator);
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
