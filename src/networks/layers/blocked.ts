/**
 * Layers on ONNX Runtime's blocked kernels, about twice as fast as its 3D convolution. A volume is a stack of slices:
 * feature maps lie as `[depth, batch, C / block, H, W, block]`, declared `[depth * batch, C, H, W]`, and a 3D
 * convolution is the sum of three 2D ones over the stack shifted by one slice. Norms treat an image's channels as
 * channels of their own, `[depth, batch * C, H, W]`, so that scaling them is one depthwise convolution.
 */
import { type BlockedOps, blockedKernels, blockedOps } from '../../graph/ops/blocked.js';
import { reduceSum } from '../../graph/ops/broadcast.js';
import { conv } from '../../graph/ops/conv.js';
import { add, div, isPositive, mul, neg, reduceMean, sqrt } from '../../graph/ops/elementwise.js';
import { matmul, swapLast } from '../../graph/ops/matmul.js';
import { concat, gather, pad, reshape, slice, transpose } from '../../graph/ops/shape.js';
import { elementCount, fixedShape } from '../../graph/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Layers, LayersFactory } from './layers.js';

const EPSILON = 1e-5;
const SAME = { pads: [1, 1, 1, 1] };

/** Blocked layers for 3D images of a fixed shape; all channels but the image's own are multiples of `block`. */
export function blockedLayers(block: 8 | 16): LayersFactory {
  const ops = blockedOps(block);
  return (image) => new BlockedLayers(ops, block, fixedShape(image.shape, 'blocked layers')[0]);
}

class BlockedLayers implements Layers {
  constructor(
    private readonly ops: BlockedOps,
    private readonly block: number,
    private readonly batch: number,
  ) {}

  enter(image: Tensor): Tensor {
    const [batch, , depth, height, width] = fixedShape(image.shape, 'image');
    const stacked = transpose(reshape(image, [batch, depth, height * width]), [1, 0, 2]);
    return reshape(stacked, [depth * batch, 1, height, width]);
  }

  conv(inputs: readonly Tensor[], weight: Tensor): Tensor {
    const { graph } = weight;
    return graph.composite(
      'conv3',
      [...inputs, weight],
      () => this.sumOfSlices(inputs, weight),
      (dy, wanted) => [
        ...inputs.map((_, i) => (wanted[i] ? this.inputGradient(dy, this.part(weight, inputs, i)) : null)),
        wanted[inputs.length]
          ? concatOrOne(
              inputs.map((x) => this.weightGradient(x, dy)),
              1,
            )
          : null,
      ],
    );
  }

  normRelu(x: Tensor, scale: Tensor, bias: Tensor): Tensor {
    const { batch } = this;
    const { graph } = x;
    const shape = fixedShape(x.shape, 'normRelu');
    const [stack, channels, height, width] = shape;
    const depth = stack / batch;
    const perImage = [depth, batch * channels, height, width];
    const view = (t: Tensor) => reshape(t, perImage);
    const tile = (t: Tensor) => concatOrOne(new Array<Tensor>(batch).fill(t), 0);
    const mean = (t: Tensor) => reshape(reduceMean(this.pool(t), [0]), [batch * channels]);
    const ones = graph.filled(1, [batch * channels]);
    const affine = (t: Tensor, factor: Tensor, shift: Tensor, extra: { sum?: Tensor; relu?: boolean } = {}) =>
      graph.add(
        this.ops.Convolution,
        [t, reshape(factor, [batch * channels, 1, 1, 1]), shift, ...(extra.sum ? [extra.sum] : [])],
        { group: batch * channels, ...(extra.relu && { activation: 'Relu' }) },
      );
    let centred: Tensor;
    let inverse: Tensor;
    return graph.composite(
      'normRelu',
      [x, scale, bias],
      () => {
        const whole = view(x);
        centred = affine(whole, ones, neg(mean(whole)));
        inverse = div(graph.scalar(1), sqrt(add(mean(mul(centred, centred)), graph.scalar(EPSILON))));
        return reshape(affine(centred, mul(inverse, tile(scale)), tile(bias), { relu: true }), shape);
      },
      (dy, wanted, y) => {
        const dz = view(mul(dy, isPositive(y)));
        const meanDz = mean(dz);
        const meanDzNormalised = mul(inverse, mean(mul(dz, centred)));
        const overBatch = (t: Tensor) =>
          mul(reshape(reduceSum(reshape(t, [batch, channels]), [0]), [channels]), graph.scalar(depth * height * width));
        const input = () => {
          // dx = a (dz - mean(dz) - normalised * mean(dz * normalised)), in two passes.
          const a = mul(inverse, tile(scale));
          const part = affine(centred, neg(mul(mul(a, inverse), meanDzNormalised)), neg(mul(a, meanDz)));
          return reshape(affine(dz, a, graph.filled(0, [batch * channels]), { sum: part }), shape);
        };
        return [
          wanted[0] ? input() : null,
          wanted[1] ? overBatch(meanDzNormalised) : null,
          wanted[2] ? overBatch(meanDz) : null,
        ];
      },
    );
  }

  scaleChannels(x: Tensor, mask: Tensor): Tensor {
    const { batch, block } = this;
    const [stack, channels, height, width] = fixedShape(x.shape, 'scaleChannels');
    const blocks = channels / block;
    const data = reshape(x, [stack / batch, batch, blocks, height * width, block]);
    const factors = reshape(mask, [1, fixedShape(mask.shape, 'mask')[0], blocks, 1, block]);
    return reshape(mul(data, factors), [stack, channels, height, width]);
  }

  down(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
    const { batch } = this;
    const { graph } = x;
    const [stack, channels, height, width] = fixedShape(x.shape, 'down');
    const out = fixedShape(weight.shape, 'down')[0];
    const [depth, h, w] = [stack / batch / 2, height / 2, width / 2];
    let gathered: Tensor;
    return graph.composite(
      'down',
      [x, weight, bias],
      () => {
        gathered = this.gatherTaps(x);
        const rows = add(matmul(gathered, transpose(tapsLast(weight), [1, 0])), bias);
        return this.toBlocks(rows, [depth, out, h, w]);
      },
      (dy, wanted) => {
        const rows = this.places(dy);
        return [
          wanted[0] ? this.spreadTaps(matmul(rows, tapsLast(weight)), [depth, channels, h, w]) : null,
          wanted[1] ? tapsFirst(matmul(swapLast(rows), gathered), [out, channels]) : null,
          wanted[2] ? this.sumPerChannel(dy) : null,
        ];
      },
    );
  }

  up(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
    const { batch } = this;
    const { graph } = x;
    const [stack, into, h, w] = fixedShape(x.shape, 'up');
    const out = fixedShape(weight.shape, 'up')[1];
    const depth = stack / batch;
    let rows: Tensor;
    return graph.composite(
      'up',
      [x, weight, bias],
      () => {
        rows = this.places(x);
        const taps = add(matmul(rows, tapsLast(weight)), concat(new Array<Tensor>(8).fill(bias), 0));
        return this.spreadTaps(taps, [depth, out, h, w]);
      },
      (dy, wanted) => {
        const gathered = this.gatherTaps(dy);
        const input = () => matmul(gathered, transpose(tapsLast(weight), [1, 0]));
        return [
          wanted[0] ? this.toBlocks(input(), [depth, into, h, w]) : null,
          wanted[1] ? tapsFirst(matmul(swapLast(rows), gathered), [into, out]) : null,
          wanted[2] ? this.sumPerChannel(dy) : null,
        ];
      },
    );
  }

  head(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
    const { batch } = this;
    const [stack, channels, height, width] = fixedShape(x.shape, 'head');
    const depth = stack / batch;
    const logits = add(matmul(this.places(x), reshape(weight, [channels, 1])), bias);
    const images = transpose(reshape(logits, [depth, batch, height * width]), [1, 0, 2]);
    return reshape(images, [batch, 1, depth, height, width]);
  }

  gram(x: Tensor): Tensor {
    const { batch } = this;
    const [stack, channels, height, width] = fixedShape(x.shape, 'gram');
    const rows = reshape(this.channelsLast(x), [stack / batch, batch, height * width, channels]);
    return reshape(reduceSum(matmul(swapLast(rows), rows), [0]), [batch, 1, channels, channels]);
  }

  /** The 3D convolution of several stacks with their parts of a weight, as one running sum of 2D convolutions. */
  private sumOfSlices(inputs: readonly Tensor[], weight: Tensor): Tensor {
    const kernels = inputs.map((_, i) => blockedKernels(this.part(weight, inputs, i), this.block));
    return this.sumOfShifted(inputs.flatMap((x, i) => kernels[i].map((kernel, k) => ({ x, kernel, shift: k - 1 }))));
  }

  private inputGradient(dy: Tensor, weight: Tensor): Tensor {
    const kernels = blockedKernels(weight, this.block, true);
    return this.sumOfShifted(kernels.map((kernel, k) => ({ x: dy, kernel, shift: k - 1 })));
  }

  private sumOfShifted(terms: readonly { x: Tensor; kernel: Tensor; shift: number }[]): Tensor {
    let sum: Tensor | undefined;
    for (const { x, kernel, shift } of terms) {
      const moved = this.shiftSlices(x, shift);
      const none = x.graph.filled(0, [fixedShape(kernel.shape, 'kernel')[0]]);
      sum = x.graph.add(this.ops.Convolution, sum ? [moved, kernel, none, sum] : [moved, kernel], SAME);
    }
    return sum!;
  }

  /** Slice d of the result is slice d + shift of `x`; zeros beyond the ends. */
  private shiftSlices(x: Tensor, shift: number): Tensor {
    if (shift === 0) return x;
    const shape = fixedShape(x.shape, 'stack of slices');
    const depth = shape[0] / this.batch;
    const moved = pad(reshape(x, [depth, elementCount(shape) / depth]), [-shift, 0], [shift, 0]);
    return reshape(moved, shape);
  }

  /**
   * d(loss)/d(weight) `[O, I, 3, 3, 3]`: a plain 2D convolution over the channels-last input, dilation stepping over its
   * channels, with the output gradient as kernel; the three shifts in depth are filters side by side.
   */
  private weightGradient(x: Tensor, dy: Tensor): Tensor {
    const { batch } = this;
    const [stack, channels, height, width] = fixedShape(x.shape, 'weight gradient');
    const out = fixedShape(dy.shape, 'weight gradient')[1];
    const plain = dy.graph.add(this.ops.ReorderOutput, [dy], { channels: out });
    // A slice of zeros on either side, then per filter and shift the rows of all slices and images in turn.
    const padded = pad(reshape(plain, [stack * out, height * width]), [batch * out, 0], [batch * out, 0]);
    const rows: number[] = [];
    for (let filter = 0; filter < out; filter++)
      for (const shift of [0, 1, 2])
        for (let i = 0; i < stack; i++) rows.push((i + (2 - shift) * batch) * out + filter);
    const kernel = reshape(gather(padded, 0, rows), [3 * out, stack, height, width]);
    const margin = [0, 1, channels];
    const lines = pad(reshape(this.channelsLast(x), [stack, height, width * channels]), margin, margin);
    const input = reshape(lines, [1, stack, height + 2, (width + 2) * channels]);
    const y = conv(input, kernel, { dilations: [1, channels] });
    return transpose(reshape(y, [out, 3, 3, 3, channels]), [0, 4, 1, 2, 3]);
  }

  /** Rows of channels `[depth * batch, H * W, C]` of a stack; an image of one channel is that already. */
  private channelsLast(x: Tensor): Tensor {
    const { block } = this;
    const [stack, channels, height, width] = fixedShape(x.shape, 'channels last');
    const plain = channels === block || channels === 1;
    const rows = plain ? x : x.graph.add(this.ops.ReorderOutput, [x], { channels, channels_last: 1 });
    return reshape(rows, [stack, height * width, channels]);
  }

  /** The same as rows of a matrix, a row a place. */
  private places(x: Tensor): Tensor {
    const [stack, channels, height, width] = fixedShape(x.shape, 'places');
    return reshape(this.channelsLast(x), [stack * height * width, channels]);
  }

  /** Rows of `channels` values, in the order of places, into blocks. */
  private toBlocks(rows: Tensor, [depth, channels, height, width]: readonly number[]): Tensor {
    const last = reshape(rows, [depth * this.batch, height, width, channels]);
    return rows.graph.add(this.ops.ReorderInput, [last], { channels_last: 1 });
  }

  /** Rows `[places, 8 * C]`, taps outside channels, to blocks of twice the size in every direction. */
  private spreadTaps(rows: Tensor, [depth, channels, h, w]: readonly number[]): Tensor {
    // Two taps side by side stay side by side.
    const split = reshape(rows, [depth, this.batch, h, w, 2, 2, 2 * channels]);
    return this.toBlocks(transpose(split, [0, 4, 1, 2, 5, 3, 6]), [2 * depth, channels, 2 * h, 2 * w]);
  }

  /** The reverse: rows `[places, 8 * C]` of half the size. */
  private gatherTaps(x: Tensor): Tensor {
    const { batch } = this;
    const [stack, channels, height, width] = fixedShape(x.shape, 'gather taps');
    const [depth, h, w] = [stack / batch / 2, height / 2, width / 2];
    const split = reshape(this.channelsLast(x), [depth, 2, batch, h, 2, w, 2 * channels]);
    return reshape(transpose(split, [0, 2, 3, 5, 1, 4, 6]), [depth * batch * h * w, 8 * channels]);
  }

  private sumPerChannel(x: Tensor): Tensor {
    const [, channels, height, width] = fixedShape(x.shape, 'sum per channel');
    const sum = reshape(reduceSum(this.pool(x), [0]), [channels]);
    return mul(sum, x.graph.scalar(height * width));
  }

  private pool(x: Tensor): Tensor {
    return x.graph.add(this.ops.AveragePool, [x]);
  }

  /** The part of a weight that belongs to input i of several. */
  private part(weight: Tensor, inputs: readonly Tensor[], i: number): Tensor {
    if (inputs.length === 1) return weight;
    const lengths = inputs.map((x) => fixedShape(x.shape, 'conv')[1]);
    const start = lengths.slice(0, i).reduce((a, b) => a + b, 0);
    return slice(weight, [1], [start], [start + lengths[i]]);
  }
}

/** `[A, 8 * B]` of a weight `[A, B, 2, 2, 2]`, taps outside channels. */
function tapsLast(weight: Tensor): Tensor {
  const [a, b] = fixedShape(weight.shape, 'weight of stride 2');
  return reshape(transpose(reshape(weight, [a, b, 8]), [0, 2, 1]), [a, 8 * b]);
}

/** The reverse of {@link tapsLast}. */
function tapsFirst(matrix: Tensor, [a, b]: readonly number[]): Tensor {
  return reshape(transpose(reshape(matrix, [a, 8, b]), [0, 2, 1]), [a, b, 2, 2, 2]);
}

const concatOrOne = (tensors: readonly Tensor[], axis: number): Tensor =>
  tensors.length === 1 ? tensors[0] : concat(tensors, axis);
