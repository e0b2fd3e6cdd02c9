/**
 * Convolution and transposed convolution in any number of spatial dimensions (ungrouped). Their gradients are
 * written so that ONNX Runtime's inference kernels run them at the speed of the forward pass.
 */
import { forEachIndex, type NdArray, ndArray } from '../nd-array.js';
import { type Dim, elementCount, fixedShape, scaleDim } from '../shape.js';
import { type Attributes, fail, ints, type OpDefinition, type Tensor } from '../tensor.js';
import { reduceSum } from './broadcast.js';
import {
  checkBias,
  checkConvolution,
  forEachTap,
  type Geometry,
  geometryOf,
  outputLength,
  transposedLength,
} from './conv-geometry.js';
import { add } from './elementwise.js';
import { matmul } from './matmul.js';
import { depthToSpace, namedDepthToSpace } from './pixel-shuffle.js';
import { flip, pad, reshape, slice, transpose } from './shape.js';

export interface ConvOptions {
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  /** ONNX order: all starts, then all ends. */
  readonly pads?: readonly number[];
}

/** Sum over all but the channel axis: the gradient of a bias. */
const biasGradient = (dy: Tensor): Tensor =>
  reshape(
    reduceSum(
      dy,
      dy.shape.map((_, i) => i).filter((i) => i !== 1),
    ),
    [dy.shape[1] as number],
  );

const volumeOf = (shape: readonly number[]): number => shape.slice(2).reduce((a, b) => a * b, 1);

function addBias(result: NdArray, bias: NdArray | undefined): NdArray {
  const volume = volumeOf(result.shape);
  if (bias)
    for (let i = 0; i < result.data.length; i++) result.data[i] += bias.data[Math.floor(i / volume) % result.shape[1]];
  return result;
}

export const Conv: OpDefinition = {
  type: 'Conv',
  infer: (inputs, attributes) => {
    const [x, w] = inputs;
    if (x.shape.length < 3 || x.shape.length !== w.shape.length || x.shape[1] !== w.shape[1]) {
      fail('Conv', inputs, 'input [batch, channels, ...space] and weight [out, channels, ...kernel]');
    }
    const kernel = fixedShape(w.shape, 'Conv weight').slice(2);
    const g = geometryOf(attributes, kernel.length);
    checkConvolution('Conv', inputs, g);
    const space = kernel.map((k, i) => outputLength(x.shape[i + 2], k, i, g));
    if (space.some((dim) => dim === undefined || (typeof dim === 'number' && dim < 1))) {
      fail('Conv', inputs, 'a kernel that fits into the padded input, and named dimensions that scale exactly');
    }
    checkBias('Conv', inputs, w.shape[0]);
    return [{ dtype: 'float32', shape: [x.shape[0], w.shape[0], ...(space as Dim[])] }];
  },
  gradient: ({ inputs: [x, w], attributes }, [dy], wanted) => {
    if (!dy) return [null, null, null];
    const g = geometryOf(attributes, x.shape.length - 2);
    return [
      wanted[0] ? convInputGradient(dy, w, x, g) : null,
      wanted[1] ? convWeightGradient(x, dy, w, g) : null,
      wanted[2] ? biasGradient(dy) : null,
    ];
  },
  evaluate: ([x, w, bias], attributes) => {
    const g = geometryOf(attributes, x.shape.length - 2);
    const kernel = w.shape.slice(2);
    const space = kernel.map((k, i) => outputLength(x.shape[i + 2], k, i, g) as number);
    const result = ndArray([x.shape[0], w.shape[0], ...space]);
    const [inVolume, kVolume, outVolume] = [x, w, result].map((array) => volumeOf(array.shape));
    forEachTap({ input: x.shape.slice(2), kernel, output: space }, g, (input, k, output) => {
      forEachIndex([x.shape[0], w.shape[0], x.shape[1]], ([n, co, ci]) => {
        result.data[(n * w.shape[0] + co) * outVolume + output] +=
          x.data[(n * x.shape[1] + ci) * inVolume + input] * w.data[(co * x.shape[1] + ci) * kVolume + k];
      });
    });
    return [addBias(result, bias)];
  },
};

/** Weight `[in, out, ...kernel]`; output length is `stride * (n - 1) + dilation * (kernel - 1) + 1 - pads + output_padding`. */
export const ConvTranspose: OpDefinition = {
  type: 'ConvTranspose',
  infer: (inputs, attributes) => {
    const [x, w] = inputs;
    if (x.shape.length < 3 || x.shape.length !== w.shape.length || x.shape[1] !== w.shape[0]) {
      fail('ConvTranspose', inputs, 'input [batch, channels, ...space] and weight [channels, out, ...kernel]');
    }
    const kernel = fixedShape(w.shape, 'ConvTranspose weight').slice(2);
    const g = geometryOf(attributes, kernel.length);
    checkConvolution('ConvTranspose', inputs, g);
    const outputPadding = ints(attributes, 'output_padding');
    if (outputPadding.some((value, i) => value < 0 || value >= g.strides[i])) {
      fail('ConvTranspose', inputs, `output padding below the stride, found [${outputPadding.join(', ')}]`);
    }
    const space = kernel.map((k, i) => transposedLength(x.shape[i + 2], k, i, g, outputPadding));
    if (space.some((dim) => dim === undefined || (typeof dim === 'number' && dim < 1))) {
      fail(
        'ConvTranspose',
        inputs,
        'an output left after cropping by the pads, and named dimensions that scale exactly',
      );
    }
    checkBias('ConvTranspose', inputs, w.shape[1]);
    return [{ dtype: 'float32', shape: [x.shape[0], w.shape[1], ...(space as Dim[])] }];
  },
  gradient: ({ inputs: [x, w], attributes }, [dy], wanted) => {
    if (!dy) return [null, null, null];
    const g = geometryOf(attributes, x.shape.length - 2);
    return [
      wanted[0] ? conv(dy, w, { strides: g.strides, dilations: g.dilations, pads: g.pads }) : null,
      wanted[1] ? convWeightGradient(dy, x, w, g) : null,
      wanted[2] ? biasGradient(dy) : null,
    ];
  },
  evaluate: ([x, w, bias], attributes) => {
    const g = geometryOf(attributes, x.shape.length - 2);
    const kernel = w.shape.slice(2);
    const padding = ints(attributes, 'output_padding');
    const space = kernel.map((k, i) => transposedLength(x.shape[i + 2], k, i, g, padding) as number);
    const result = ndArray([x.shape[0], w.shape[1], ...space]);
    const [inVolume, kVolume, outVolume] = [x, w, result].map((array) => volumeOf(array.shape));
    forEachTap({ input: space, kernel, output: x.shape.slice(2) }, g, (output, k, input) => {
      forEachIndex([x.shape[0], w.shape[1], x.shape[1]], ([n, co, ci]) => {
        result.data[(n * w.shape[1] + co) * outVolume + output] +=
          x.data[(n * x.shape[1] + ci) * inVolume + input] * w.data[(ci * w.shape[1] + co) * kVolume + k];
      });
    });
    return [addBias(result, bias)];
  },
};

/** d(loss)/d(input): at stride 1 an ordinary convolution with the flipped, transposed kernel; else ConvTranspose. */
function convInputGradient(dy: Tensor, w: Tensor, x: Tensor, g: Geometry): Tensor {
  const kernel = fixedShape(w.shape, 'gradient of Conv').slice(2);
  const spatial = kernel.map((_, i) => i + 2);
  const extents = kernel.map((k, i) => g.dilations[i] * (k - 1));
  const startsFit = g.pads.every((p, i) => p <= extents[i % g.rank]);
  if (g.strides.every((stride) => stride === 1) && startsFit) {
    const flipped = kernel.every((k) => k === 1) ? w : flip(w, spatial);
    const swapped = transpose(flipped, [1, 0, ...spatial]);
    return conv(dy, swapped, { dilations: g.dilations, pads: g.pads.map((p, i) => extents[i % g.rank] - p) });
  }
  const space = fixedShape(x.shape.slice(2), 'gradient of Conv');
  const outputPadding = space.map(
    (length, i) => length - (transposedLength(dy.shape[i + 2], kernel[i], i, g, []) as number),
  );
  return convTranspose(dy, w, { ...g, outputPadding });
}

/**
 * d(loss)/d(weight): a convolution of the input with the output gradient as kernel, strides and dilations exchanged.
 * With the channel axis innermost and dilation stepping over it, rows are `kernel * channels` long instead of
 * `kernel`, which keeps the matrix product inside Conv fast; exact, not an approximation.
 */
function convWeightGradient(x: Tensor, dy: Tensor, w: Tensor, g: Geometry): Tensor {
  const [outChannels, channels, ...kernel] = fixedShape(w.shape, 'gradient of Conv');
  const spatial = kernel.map((_, i) => i + 2);
  const padded = pad(x, [0, 0, ...g.pads.slice(0, g.rank)], [0, 0, ...g.pads.slice(g.rank)]);
  const [batch, , ...space] = fixedShape(padded.shape, 'gradient of Conv');
  const kernelOfGradient = transpose(dy, [1, 0, ...spatial]);
  const last = g.rank - 1;
  if (g.dilations[last] !== 1) {
    const y = conv(transpose(padded, [1, 0, ...spatial]), kernelOfGradient, {
      strides: g.dilations,
      dilations: g.strides,
    });
    return transpose(crop(y, spatial, kernel), [1, 0, ...spatial]);
  }
  const rows = transpose(padded, [0, ...spatial, 1]);
  const interleaved = reshape(rows, [1, batch, ...space.slice(0, last), space[last] * channels]);
  const y = conv(interleaved, kernelOfGradient, {
    strides: g.dilations,
    dilations: g.strides.map((stride, i) => (i === last ? stride * channels : stride)),
  });
  const lengths = kernel.map((k, i) => (i === last ? k * channels : k));
  const separated = reshape(crop(y, spatial, lengths), [outChannels, ...kernel, channels]);
  return transpose(separated, [0, g.rank + 1, ...kernel.map((_, i) => i + 1)]);
}

/** Keep the first `lengths[i]` values of each axis: strided convolutions leave input rows that no output saw. */
function crop(x: Tensor, axes: readonly number[], lengths: readonly number[]): Tensor {
  if (axes.every((axis, i) => x.shape[axis] === lengths[i])) return x;
  return slice(
    x,
    axes,
    axes.map(() => 0),
    lengths,
  );
}

/** Convolution `[batch, in, ...space]` with `[out, in, ...kernel]`, optionally with a bias `[out]`. */
export function conv(x: Tensor, weight: Tensor, options: ConvOptions = {}, bias?: Tensor): Tensor {
  return x.graph.add(Conv, bias ? [x, weight, bias] : [x, weight], attributesOf(options));
}

/**
 * Transposed convolution of `[batch, in, ...space]` with `[in, out, ...kernel]`. Where the kernel is the stride, it is
 * built as a matrix product (where lengths are named: a convolution of one voxel) and a pixel shuffle: over twice as
 * fast, its gradients follow, and engines that lack the operator in 3D, as ONNX Runtime's WebGPU does, can run it.
 */
export function convTranspose(
  x: Tensor,
  weight: Tensor,
  options: ConvOptions & { readonly outputPadding?: readonly number[] } = {},
  bias?: Tensor,
): Tensor {
  const { outputPadding } = options;
  if (isPixelShuffle(x, weight, options)) {
    const fixed = x.shape.every((dim) => typeof dim === 'number');
    return fixed ? shuffledConvTranspose(x, weight, bias) : namedConvTranspose(x, weight, bias);
  }
  const attributes: Attributes = outputPadding?.some((value) => value !== 0)
    ? { ...attributesOf(options), output_padding: outputPadding }
    : attributesOf(options);
  return x.graph.add(ConvTranspose, bias ? [x, weight, bias] : [x, weight], attributes);
}

function isPixelShuffle(
  x: Tensor,
  weight: Tensor,
  { strides, dilations, pads, outputPadding }: ConvOptions & { readonly outputPadding?: readonly number[] },
): boolean {
  const plain =
    dilations?.some((d) => d !== 1) !== true &&
    [...(pads ?? []), ...(outputPadding ?? [])].every((value) => value === 0) &&
    strides?.length === x.shape.length - 2 &&
    strides.every((stride, i) => stride > 1 && stride === weight.shape[i + 2]);
  const fits = x.shape.length === weight.shape.length && x.shape[1] === weight.shape[0];
  if (!plain || !fits || weight.shape.some((dim) => typeof dim === 'string')) return false;
  // A named length must have a name again.
  return x.shape.slice(2).every((dim, i) => typeof dim === 'number' || scaleDim(dim, strides[i], 1) !== undefined);
}

function shuffledConvTranspose(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [batch, channels, ...space] = fixedShape(x.shape, 'ConvTranspose');
  const [, outChannels, ...kernel] = fixedShape(weight.shape, 'ConvTranspose');
  const blocks = outChannels * elementCount(kernel);
  const matrix = transpose(reshape(weight, [channels, blocks]), [1, 0]);
  const product = matmul(matrix, reshape(x, [batch, channels, elementCount(space)]));
  const shuffled = depthToSpace(reshape(product, [batch, blocks, ...space]), kernel);
  return bias ? add(shuffled, reshape(bias, [outChannels, ...kernel.map(() => 1)])) : shuffled;
}

function namedConvTranspose(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [channels, outChannels, ...kernel] = fixedShape(weight.shape, 'ConvTranspose');
  const taps = kernel.map((_, i) => kernel.length + 1 - i);
  const blocks = outChannels * elementCount(kernel);
  const matrix = reshape(transpose(weight, [...taps, 1, 0]), [blocks, channels, ...kernel.map(() => 1)]);
  const shuffled = namedDepthToSpace(conv(x, matrix), kernel);
  return bias ? add(shuffled, reshape(bias, [outChannels, ...kernel.map(() => 1)])) : shuffled;
}

function attributesOf({ strides, dilations, pads }: ConvOptions): Attributes {
  return { ...(strides && { strides }), ...(dilations && { dilations }), ...(pads && { pads }) };
}
