/** Layers out of standard operators over `[batch, channels, depth, height, width]`: what a model file holds. Sizes may be named. */
import { conv, convTranspose } from '../../graph/ops/conv.js';
import { mul, relu } from '../../graph/ops/elementwise.js';
import { instanceNorm } from '../../graph/ops/instance-norm.js';
import { matmul } from '../../graph/ops/matmul.js';
import { concat, every, reshape, transpose } from '../../graph/ops/shape.js';
import type { LayersFactory } from './layers.js';

const strides = [2, 2, 2];

/** Plain layers, the same for every image. */
export const plainLayers: LayersFactory = () => ({
  enter: (x) => x,
  conv: (inputs, weight) =>
    conv(inputs.length === 1 ? inputs[0] : concat(inputs, 1), weight, { pads: [1, 1, 1, 1, 1, 1] }),
  normRelu: (x, scale, bias) => relu(instanceNorm(x, scale, bias)),
  scaleChannels: mul,
  down: (x, weight, bias) => conv(x, weight, { strides }, bias),
  up: (x, weight, bias) => convTranspose(x, weight, { strides }, bias),
  head: (x, weight, bias) => conv(x, weight, {}, bias),
  gram(x, rowStep) {
    const sampled = every(x, 3, rowStep);
    const rows = reshape(sampled, [0, 1, x.shape[1] as number, -1]);
    return matmul(rows, transpose(rows, [0, 1, 3, 2]));
  },
});
