/**
 * ONNX Runtime's blocked kernels (operator set `com.microsoft.nchwc`): 2D convolution and pooling over data whose
 * channels lie in blocks of one vector register, innermost: `[n, C / block, H, W, block]`. Shapes are declared as
 * `[n, C, H, W]`. Internal to that engine and of the block size of its processor: whoever uses them probes them first.
 */
import { forEachIndex, type NdArray, ndArray } from '../nd-array.js';
import { type Dim, fixedShape } from '../shape.js';
import { type Attributes, fail, type OpDefinition, type Tensor } from '../tensor.js';
import { Conv } from './conv.js';
import { geometryOf, outputLength } from './conv-geometry.js';
import { swapLast } from './matmul.js';
import { Concat, gather, reshape, Slice, Transpose, transpose } from './shape.js';

const DOMAIN = 'com.microsoft.nchwc';

export interface BlockedOps {
  readonly Convolution: OpDefinition;
  readonly AveragePool: OpDefinition;
  /** Out of blocks: plain `[n, C, H, W]`, or `[n, H, W, C]` with `channels_last`. */
  readonly ReorderOutput: OpDefinition;
  /** Into blocks, from `[n, H, W, C]` (with `channels_last`, always given). */
  readonly ReorderInput: OpDefinition;
}

/** The operators for one block size, with an oracle that undoes the blocks and computes plainly. */
export function blockedOps(block: number): BlockedOps {
  const whole = (channels: Dim | undefined) => Number(channels) % block === 0;

  const Convolution: OpDefinition = {
    type: 'Conv',
    domain: DOMAIN,
    infer: (inputs, attributes) => {
      const [x, w, bias, sum] = inputs;
      const group = Number(attributes.group ?? 1);
      const [filters, into, ...kernel] = fixedShape(w.shape, 'blocked Conv weight');
      const channels = Number(x.shape[1]);
      if (
        x.shape.length !== 4 ||
        channels !== into * group ||
        !whole(filters) ||
        !(channels < block || whole(channels))
      )
        fail('blocked Conv', inputs, `input [n, C, H, W] and weight [filters, C / groups, h, w] in blocks of ${block}`);
      const depthwise = group === filters && whole(group);
      if (group !== 1 && !depthwise && !(into < block && whole(filters / group)))
        fail('blocked Conv', inputs, `one group, a channel a group, or groups of whole blocks of ${block} filters`);
      if (bias && (bias.shape.length !== 1 || bias.shape[0] !== filters))
        fail('blocked Conv', inputs, 'a bias a filter');
      const g = geometryOf(attributes, 2);
      const space = kernel.map((k, i) => outputLength(x.shape[i + 2], k, i, g) as Dim);
      const shape = [x.shape[0], filters, ...space];
      if (sum && sum.shape.join() !== shape.join()) fail('blocked Conv', inputs, 'a sum of the shape of the output');
      return [{ dtype: 'float32', shape }];
    },
    evaluate: ([x, w, bias, sum], attributes) => {
      const [filters, into] = w.shape;
      const { group = 1, activation, ...geometry } = attributes;
      const plain = into < block && group !== filters;
      const input = plain ? x : unblock(x, block);
      const weight = unblockWeight(w, into < block ? 1 : block, block);
      const result = groupedConv(input, weight, Number(group), geometry, bias);
      const added = sum ? unblock(sum, block).data : undefined;
      const data = result.data.map((value, i) => {
        const total = value + (added?.[i] ?? 0);
        return activation === 'Relu' ? Math.max(0, total) : total;
      });
      return [reblock(ndArray([x.shape[0], filters, ...result.shape.slice(2)], data), block)];
    },
  };

  const AveragePool: OpDefinition = {
    type: 'GlobalAveragePool',
    domain: DOMAIN,
    infer: (inputs) => {
      const [x] = inputs;
      if (x.shape.length !== 4 || !whole(x.shape[1]))
        fail('blocked GlobalAveragePool', inputs, `input [n, C, H, W] in blocks of ${block}`);
      return [{ dtype: 'float32', shape: [...x.shape.slice(0, 2), 1, 1] }];
    },
    evaluate: ([x]) => {
      const plain = unblock(x, block);
      const volume = x.shape[2] * x.shape[3];
      const mean = (i: number) => plain.data.subarray(i * volume, (i + 1) * volume).reduce((a, b) => a + b, 0) / volume;
      const rows = x.shape[0] * x.shape[1];
      return [
        ndArray(
          [...x.shape.slice(0, 2), 1, 1],
          Float64Array.from({ length: rows }, (_, i) => mean(i)),
        ),
      ];
    },
  };

  const ReorderOutput: OpDefinition = {
    type: 'ReorderOutput',
    domain: DOMAIN,
    infer: (inputs, attributes) => {
      const [x] = inputs;
      if (x.shape.length !== 4 || !whole(x.shape[1]) || attributes.channels !== x.shape[1])
        fail('ReorderOutput', inputs, `input [n, C, H, W] in blocks of ${block}, and all its channels`);
      const [n, channels, height, width] = x.shape;
      return [{ dtype: 'float32', shape: attributes.channels_last ? [n, height, width, channels] : x.shape }];
    },
    gradient: ({ attributes, inputs }, [dy]) => {
      if (!attributes.channels_last) fail('gradient of ReorderOutput', inputs, 'channels_last');
      return [dy ? dy.graph.add(ReorderInput, [dy], { channels_last: 1 }) : null];
    },
    evaluate: ([x], attributes) => {
      const plain = unblock(x, block);
      return [attributes.channels_last ? permute(plain, [0, 2, 3, 1]) : plain];
    },
  };

  const ReorderInput: OpDefinition = {
    type: 'ReorderInput',
    domain: DOMAIN,
    infer: (inputs, attributes) => {
      const [{ shape }] = inputs;
      if (shape.length !== 4 || !whole(shape[3]) || attributes.channels_last !== 1)
        fail('ReorderInput', inputs, `input [n, H, W, C] of whole blocks of ${block}, channels_last 1`);
      const [n, height, width, channels] = shape;
      return [{ dtype: 'float32', shape: [n, channels, height, width] }];
    },
    evaluate: ([x]) => [reblock(permute(x, [0, 3, 1, 2]), block)],
  };
  return { Convolution, AveragePool, ReorderOutput, ReorderInput };
}

/** `[n, C, H, W]` values out of blocks. */
function unblock(x: NdArray, block: number): NdArray {
  const result = ndArray(x.shape);
  const [, channels, height, width] = x.shape;
  forEachIndex(x.shape, ([n, c, h, w], flat) => {
    const outer = (n * channels) / block + Math.floor(c / block);
    result.data[flat] = x.data[((outer * height + h) * width + w) * block + (c % block)];
  });
  return result;
}

const permute = (x: NdArray, perm: readonly number[]): NdArray => Transpose.evaluate([x], { perm })[0];

/** The reverse of {@link unblock}. */
function reblock(x: NdArray, block: number): NdArray {
  const result = ndArray(x.shape);
  const [, channels, height, width] = x.shape;
  forEachIndex(x.shape, ([n, c, h, w], flat) => {
    const outer = (n * channels) / block + Math.floor(c / block);
    result.data[((outer * height + h) * width + w) * block + (c % block)] = x.data[flat];
  });
  return result;
}

/** `[O, I, h, w]` of `[O / outBlock, I / inBlock, h, w, inBlock, outBlock]`. */
function unblockWeight(weight: NdArray, inBlock: number, outBlock: number): NdArray {
  const result = ndArray(weight.shape);
  const [, into, height, width] = weight.shape;
  forEachIndex(weight.shape, ([o, i, h, w], flat) => {
    const outer = (Math.floor(o / outBlock) * into) / inBlock + Math.floor(i / inBlock);
    const inner = (i % inBlock) * outBlock + (o % outBlock);
    result.data[flat] = weight.data[((outer * height + h) * width + w) * inBlock * outBlock + inner];
  });
  return result;
}

/** Convolution of each group of channels with its share of the filters. */
function groupedConv(x: NdArray, weight: NdArray, groups: number, geometry: Attributes, bias?: NdArray): NdArray {
  if (groups === 1) return Conv.evaluate(bias ? [x, weight, bias] : [x, weight], geometry)[0];
  const share = (array: NdArray, axis: number, group: number): NdArray => {
    const length = array.shape[axis] / groups;
    const [start, end, axes, step] = [group * length, (group + 1) * length, axis, 1].map((v) =>
      ndArray([1], Float64Array.of(v)),
    );
    return Slice.evaluate([array, start, end, axes, step], {})[0];
  };
  const parts = Array.from({ length: groups }, (_, group) => {
    const inputs = [share(x, 1, group), share(weight, 0, group), ...(bias ? [share(bias, 0, group)] : [])];
    return Conv.evaluate(inputs, geometry)[0];
  });
  return Concat.evaluate(parts, { axis: 1 })[0];
}

/** In and out exchanged, as a transposed convolution has them; or the taps reversed as well, as the input's gradient has. */
export type KernelTurn = 'as is' | 'exchanged' | 'turned';

/**
 * The 2D kernels `[k * O, I, ...]` of a weight `[O, I, k, ...]`, one kernel slice's filters after the other's, ready for
 * a blocked convolution.
 */
export function blockedKernels(weight: Tensor, block: number, turn: KernelTurn = 'as is'): Tensor {
  const [out, into, depth, ...kernel] = fixedShape(weight.shape, 'blocked kernels');
  const taps = kernel.reduce((a, b) => a * b, 1);
  const all = depth * taps;
  // The output's channels are brought innermost first: what is then moved about are whole rows of a block.
  let rows =
    turn === 'as is'
      ? transpose(reshape(weight, [out, into * all]), [1, 0])
      : swapLast(reshape(weight, [out, into, all]));
  if (turn === 'turned')
    rows = gather(
      rows,
      1,
      Array.from({ length: all }, (_, i) => all - 1 - i),
    );
  const [from, to] = turn === 'as is' ? [into, out] : [out, into];
  const inBlock = from < block ? 1 : block;
  const split = reshape(rows, [from / inBlock, inBlock, depth, taps, to / block, block]);
  const ordered = transpose(split, [2, 4, 0, 3, 1, 5]);
  return reshape(ordered, [depth * to, from, ...kernel]);
}
