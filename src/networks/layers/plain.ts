/** Layers out of standard operators over `[batch, channels, ...space]`: what a model file holds. Sizes may be named. */
import { conv, convTranspose } from '../../graph/ops/conv.js';
import { mul, relu } from '../../graph/ops/elementwise.js';
import { instanceNorm } from '../../graph/ops/instance-norm.js';
import { matmul } from '../../graph/ops/matmul.js';
import { concat, every, reshape, transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Layers } from './layers.js';

/** Plain layers for `image` `[batch, 1, ...space]`. */
export function plainLayers(image: Tensor): Layers {
  const dimensions = image.shape.length - 2;
  const repeated = (value: number, times = dimensions) => new Array<number>(times).fill(value);
  return {
    enter: (x) => x,
    conv: (inputs, weight) =>
      conv(inputs.length === 1 ? inputs[0] : concat(inputs, 1), weight, { pads: repeated(1, 2 * dimensions) }),
    normRelu: (x, scale, bias) => relu(instanceNorm(x, scale, bias)),
    scaleChannels: mul,
    down: (x, weight, bias) => conv(x, weight, { strides: repeated(2) }, bias),
    up: (x, weight, bias) => convTranspose(x, weight, { strides: repeated(2) }, bias),
    head: (x, weight, bias) => conv(x, weight, {}, bias),
    gram(x, rowStep) {
      const sampled = every(x, dimensions, rowStep);
      const rows = reshape(sampled, [0, 1, x.shape[1] as number, -1]);
      return matmul(rows, transpose(rows, [0, 1, 3, 2]));
    },
  };
}
