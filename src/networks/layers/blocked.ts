/**
 * Layers on ONNX Runtime's blocked kernels, over twice as fast as its 3D convolution. A volume is a stack of slices:
 * feature maps lie as `[depth, batch, C / block, H, W, block]`, declared `[depth * batch, C, H, W]`. A 3D convolution is
 * one 2D convolution with the filters of all three kernel slices, whose results are then added across the stack; that
 * addition is a depthwise convolution itself, seen through another shape, as are most passes here. Norms treat an
 * image's channels as channels of their own, `[depth, batch * C, H, W]`, so that scaling them is one, too.
 */
import { type BlockedOps, blockedKernels, blockedOps } from '../../graph/ops/blocked.js';
import { reduceSum } from '../../graph/ops/broadcast.js';
import { add, div, isPositive, mul, neg, reduceMean, sqrt } from '../../graph/ops/elementwise.js';
import { matmul } from '../../graph/ops/matmul.js';
import { concat, every, pad, reshape, slice, transpose } from '../../graph/ops/shape.js';
import { fixedShape } from '../../graph/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { type CorrelationTerms, correlate, type Pairing } from './correlation.js';
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
      () => this.volumeConv(inputs, weight),
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
    return x.graph.composite(
      'down',
      [x, weight, bias],
      () => this.halve(x, weight, bias),
      (dy, wanted) => [
        wanted[0] ? this.double(dy, weight) : null,
        wanted[1] ? this.tapGradient(dy, x) : null,
        wanted[2] ? this.sumPerChannel(dy) : null,
      ],
    );
  }

  up(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
    return x.graph.composite(
      'up',
      [x, weight, bias],
      () => this.double(x, weight, bias),
      (dy, wanted) => [
        wanted[0] ? this.halve(dy, weight) : null,
        wanted[1] ? this.tapGradient(x, dy) : null,
        wanted[2] ? this.sumPerChannel(dy) : null,
      ],
    );
  }

  head(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
    const { batch } = this;
    const [stack, channels, height, width] = fixedShape(x.shape, 'head');
    const depth = stack / batch;
    const rows = reshape(this.channelsLast(x), [stack * height * width, channels]);
    const [heads] = fixedShape(weight.shape, 'head');
    const columns =
      heads === 1 ? reshape(weight, [channels, 1]) : transpose(reshape(weight, [heads, channels]), [1, 0]);
    const logits = add(matmul(rows, columns), bias);
    const images =
      heads === 1
        ? transpose(reshape(logits, [depth, batch, height * width]), [1, 0, 2])
        : transpose(reshape(logits, [depth, batch, height * width, heads]), [1, 3, 0, 2]);
    return reshape(images, [batch, heads, depth, height, width]);
  }

  gram(whole: Tensor, rowStep: number): Tensor {
    const { batch, block } = this;
    const [stack, channels] = fixedShape(whole.shape, 'gram');
    const x = this.everyRow(whole, rowStep);
    const pairings = Array.from({ length: stack }, (_, s) => [{ slice: s, sum: s % batch }]);
    const geometry = { dilations: [1, channels] };
    const sums = this.correlate({ lines: this.lines(x), filters: x, sums: batch, pairings, geometry });
    const blocks = reshape(sums, [batch, channels / block, channels, block]);
    return reshape(transpose(blocks, [0, 2, 1, 3]), [batch, 1, channels, channels]);
  }

  /** Every `step`-th row of every slice. */
  private everyRow(x: Tensor, step: number): Tensor {
    if (step === 1) return x;
    const { block } = this;
    const [stack, channels, height, width] = fixedShape(x.shape, 'rows');
    const rows = every(reshape(x, [(stack * channels) / block, height, width * block]), 1, step);
    return reshape(rows, [stack, channels, height / step, width]);
  }

  /** The 3D convolution of several stacks with their parts of a weight. */
  private volumeConv(inputs: readonly Tensor[], weight: Tensor): Tensor {
    const [first] = inputs;
    if (first.shape[1] === 1) return this.imageConv(first, weight);
    let slices: Tensor | undefined;
    inputs.forEach((x, i) => {
      const kernels = blockedKernels(this.part(weight, inputs, i), this.block);
      slices = this.sliceConv(x, kernels, slices);
    });
    return this.addAcross(slices!);
  }

  /** The 3D convolution of an image of one channel: slices before, at and after as three channels. */
  private imageConv(image: Tensor, weight: Tensor): Tensor {
    const [stack, , height, width] = fixedShape(image.shape, 'image');
    const flat = reshape(image, [stack, height * width]);
    const planes = [-1, 0, 1].map((shift) => {
      const slices = shift * this.batch;
      const moved = shift === 0 ? flat : pad(flat, [-slices, 0], [slices, 0]);
      return reshape(moved, [stack, 1, height * width]);
    });
    const [out, , depth, ...kernel] = fixedShape(weight.shape, 'conv');
    const kernels = blockedKernels(reshape(weight, [out, depth, 1, ...kernel]), this.block);
    return image.graph.add(
      this.ops.Convolution,
      [reshape(concat(planes, 1), [stack, depth, height, width]), kernels],
      SAME,
    );
  }

  private inputGradient(dy: Tensor, weight: Tensor): Tensor {
    return this.addAcross(this.sliceConv(dy, blockedKernels(weight, this.block, 'turned')));
  }

  /** Every slice with the filters of all kernel slices, `[stack, 3 * out, H, W]`, added to `sum`. */
  private sliceConv(x: Tensor, kernels: Tensor, sum?: Tensor): Tensor {
    const none = x.graph.filled(0, [fixedShape(kernels.shape, 'kernels')[0]]);
    return x.graph.add(this.ops.Convolution, sum ? [x, kernels, none, sum] : [x, kernels], SAME);
  }

  /**
   * Slice d of the result is the sum of what slices d - 1, d and d + 1 have for kernel slices 0, 1 and 2. Seen as an
   * image with a row for each of them, the three lie 3 * batch + 1 rows apart: a depthwise convolution.
   */
  private addAcross(slices: Tensor): Tensor {
    const { batch, block } = this;
    const [stack, filters, height, width] = fixedShape(slices.shape, 'slices');
    const row = (filters / 3 / block) * height * width;
    const sum = slices.graph.add(
      this.ops.Convolution,
      [reshape(slices, [1, block, 3 * stack, row]), slices.graph.filled(1, [block, 1, 3, 1])],
      { group: block, dilations: [3 * batch + 1, 1], strides: [3, 1], pads: [3 * batch, 0, 3 * batch, 0] },
    );
    return reshape(sum, [stack, filters / 3, height, width]);
  }

  /** Convolution with kernel and stride 2, by a weight `[out, in, 2, 2, 2]`. */
  private halve(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    const { batch, block } = this;
    const { graph } = x;
    const [stack, , height, width] = fixedShape(x.shape, 'halve');
    const out = fixedShape(weight.shape, 'halve')[0];
    const kernels = blockedKernels(weight, block);
    const both = bias ? [concat([bias, graph.filled(0, [out])], 0)] : [];
    const slices = graph.add(this.ops.Convolution, [x, kernels, ...both], { strides: [2, 2] });
    // Of two slices, the first's result for kernel slice 0 and the second's for kernel slice 1: of the 4 * batch rows
    // of one pair, each even one and the row 2 * batch + 1 further on.
    const [h, w] = [height / 2, width / 2];
    const row = (out / block) * h * w;
    const sum = graph.add(
      this.ops.Convolution,
      [reshape(slices, [stack / batch / 2, block, 4 * batch, row]), graph.filled(1, [block, 1, 2, 1])],
      { group: block, dilations: [2 * batch + 1, 1], strides: [2, 1] },
    );
    return reshape(sum, [stack / 2, out, h, w]);
  }

  /** Transposed convolution with kernel and stride 2, by a weight `[in, out, 2, 2, 2]`. */
  private double(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    const { batch, block } = this;
    const [stack, , h, w] = fixedShape(x.shape, 'double');
    const [into, out] = fixedShape(weight.shape, 'double');
    const kernels = blockedKernels(reshape(weight, [into, out, 8, 1, 1]), block, 'exchanged');
    const eight = bias ? [concat(new Array<Tensor>(8).fill(bias), 0)] : [];
    const taps = x.graph.add(this.ops.Convolution, [x, kernels, ...eight]);
    // Depth, row and column of a tap move next to those of its place.
    const split = reshape(taps, [stack / batch, batch, 2, 2, 2, out / block, h, w, block]);
    return reshape(transpose(split, [0, 2, 1, 5, 6, 3, 7, 4, 8]), [2 * stack, out, 2 * h, 2 * w]);
  }

  /** d(loss)/d(weight) `[O, I, 3, 3, 3]`. */
  private weightGradient(x: Tensor, dy: Tensor): Tensor {
    const { batch } = this;
    const [stack, channels] = fixedShape(x.shape, 'weight gradient');
    const pairings = Array.from({ length: stack }, (_, s) =>
      [0, 1, 2].map((tap): Pairing => {
        const slice = s + (1 - tap) * batch;
        return slice >= 0 && slice < stack ? { slice, sum: tap } : { slice: s, sum: null };
      }),
    );
    const lines = this.padColumns(this.lines(x), channels);
    const geometry = { dilations: [1, channels], pads: [1, 0, 1, 0] };
    return this.weightOf(this.correlate({ lines, filters: dy, sums: 3, pairings, geometry }), channels);
  }

  /** d(loss)/d(weight) `[A, B, 2, 2, 2]` of stride 2 between `coarse` with A channels and `fine` with B. */
  private tapGradient(coarse: Tensor, fine: Tensor): Tensor {
    const { batch } = this;
    const [stack, channels] = fixedShape(fine.shape, 'tap gradient');
    const pairings = Array.from({ length: stack }, (_, s) => {
      const d = Math.floor(s / batch);
      return [{ slice: Math.floor(d / 2) * batch + (s % batch), sum: d % 2 }];
    });
    const geometry = { dilations: [2, 2 * channels] };
    const sums = this.correlate({ lines: this.lines(fine), filters: coarse, sums: 2, pairings, geometry });
    return this.weightOf(sums, channels);
  }

  private correlate(terms: CorrelationTerms): Tensor {
    return correlate(this.ops.Convolution, this.block, terms);
  }

  /** A weight `[A, channels, k, k, k]` of sums `[k, A / block, k, k * channels, block]`. */
  private weightOf(sums: Tensor, channels: number): Tensor {
    const [k, blocks, , , block] = fixedShape(sums.shape, 'sums');
    const split = reshape(sums, [k, blocks, k, k, channels, block]);
    return reshape(transpose(split, [1, 5, 4, 0, 2, 3]), [blocks * block, channels, k, k, k]);
  }

  /** `[stack, H, W * C]`, channels innermost. */
  private lines(x: Tensor): Tensor {
    const [stack, channels, height, width] = fixedShape(x.shape, 'lines');
    return reshape(this.channelsLast(x), [stack, height, width * channels]);
  }

  /** Zeros before and after every line: for whole blocks a depthwise convolution, which outruns `Pad`. */
  private padColumns(lines: Tensor, margin: number): Tensor {
    const { block } = this;
    const [stack, height, width] = fixedShape(lines.shape, 'lines');
    if (margin % block !== 0) return pad(lines, [0, 0, margin], [0, 0, margin]);
    const columns = margin / block;
    const padded = lines.graph.add(
      this.ops.Convolution,
      [reshape(lines, [1, block, stack * height, width / block]), lines.graph.filled(1, [block, 1, 1, 1])],
      { group: block, pads: [0, columns, 0, columns] },
    );
    return reshape(padded, [stack, height, width + 2 * margin]);
  }

  /** Rows of channels `[depth * batch, H * W, C]` of a stack; an image of one channel is that already. */
  private channelsLast(x: Tensor): Tensor {
    const { block } = this;
    const [stack, channels, height, width] = fixedShape(x.shape, 'channels last');
    const plain = channels === block || channels === 1;
    const rows = plain ? x : x.graph.add(this.ops.ReorderOutput, [x], { channels, channels_last: 1 });
    return reshape(rows, [stack, height * width, channels]);
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

const concatOrOne = (tensors: readonly Tensor[], axis: number): Tensor =>
  tensors.length === 1 ? tensors[0] : concat(tensors, axis);
