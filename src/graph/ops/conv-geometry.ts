/** Which input, kernel and output positions of a convolution meet, and the lengths and checks that follow. */
import { forEachIndex } from '../nd-array.js';
import { type Dim, scaleDim, stridesOf } from '../shape.js';
import { type Attributes, fail, ints, type Tensor } from '../tensor.js';

export interface Geometry {
  readonly rank: number;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

/** Refuse tensors of another type, and attributes that do not give each spatial axis a stride, a dilation and two pads. */
export function checkConvolution(
  op: string,
  inputs: readonly Tensor[],
  { rank, strides, dilations, pads }: Geometry,
): void {
  if (inputs.some((x) => x.dtype !== 'float32')) fail(op, inputs, 'float32 tensors');
  const whole = (list: readonly number[], length: number, lowest: number) =>
    list.length === length && list.every((value) => Number.isInteger(value) && value >= lowest);
  if (!whole(strides, rank, 1) || !whole(dilations, rank, 1) || !whole(pads, 2 * rank, 0)) {
    fail(
      op,
      inputs,
      `a stride, a dilation and two pads for each of ${rank} spatial axes, found strides [${strides.join(', ')}], dilations [${dilations.join(', ')}], pads [${pads.join(', ')}]`,
    );
  }
}

export function geometryOf(attributes: Attributes, rank: number): Geometry {
  const ones = new Array<number>(rank).fill(1);
  return {
    rank,
    strides: ints(attributes, 'strides', ones),
    dilations: ints(attributes, 'dilations', ones),
    pads: ints(attributes, 'pads', [...ones, ...ones].fill(0)),
  };
}

/** Length of a convolution's output along one axis; a named dimension survives where the length scales exactly. */
export function outputLength(dim: Dim, kernel: number, i: number, g: Geometry): Dim | undefined {
  const extent = g.dilations[i] * (kernel - 1) + 1;
  const padding = g.pads[i] + g.pads[i + g.rank];
  if (typeof dim === 'number') return Math.floor((dim + padding - extent) / g.strides[i]) + 1;
  return extent - padding === g.strides[i] ? scaleDim(dim, 1, g.strides[i]) : undefined;
}

export function checkBias(op: string, inputs: readonly Tensor[], channels: Dim): void {
  const bias = inputs[2];
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== channels)) fail(op, inputs, `a bias of ${channels} values`);
}

/** Length of a transposed convolution's output along one axis. */
export function transposedLength(dim: Dim, kernel: number, i: number, g: Geometry, outputPadding: readonly number[]) {
  const extra = g.dilations[i] * (kernel - 1) + 1 - g.pads[i] - g.pads[i + g.rank] + (outputPadding[i] ?? 0);
  if (typeof dim === 'number') return g.strides[i] * (dim - 1) + extra;
  return extra === g.strides[i] ? scaleDim(dim, g.strides[i], 1) : undefined;
}

/** Visit every (output position, kernel position) pair that meets the input: offsets in all three. */
export function forEachTap(
  shapes: { input: readonly number[]; kernel: readonly number[]; output: readonly number[] },
  g: Geometry,
  visit: (input: number, kernel: number, output: number) => void,
): void {
  const inputStrides = stridesOf(shapes.input);
  forEachIndex(shapes.output, (o, output) => {
    forEachIndex(shapes.kernel, (k, kernel) => {
      let offset = 0;
      for (let i = 0; i < g.rank; i++) {
        const position = o[i] * g.strides[i] + k[i] * g.dilations[i] - g.pads[i];
        if (position < 0 || position >= shapes.input[i]) return;
        offset += position * inputStrides[i];
      }
      visit(offset, kernel, output);
    });
  });
}
