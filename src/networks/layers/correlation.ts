/**
 * Sums over places of products of two stacks of slices, which weight gradients and Gram matrices are made of: a grouped
 * 2D convolution, a group a slice, that takes whole slices of the one stack as filters for the other. With its channels
 * innermost and dilation stepping over them, a line holds every tap and channel side by side, and no matrix is expanded.
 */
import { add } from '../../graph/ops/elementwise.js';
import { matmul } from '../../graph/ops/matmul.js';
import { gather, reshape, slice } from '../../graph/ops/shape.js';
import { elementCount, fixedShape } from '../../graph/shape.js';
import type { Attributes, OpDefinition, Tensor } from '../../graph/tensor.js';

/** A slice of the filters, and the number of the sum that its products with a slice of the lines go into. */
export interface Pairing {
  readonly slice: number;
  /** Null: into none; the slice stands in for one beyond the stack's end. */
  readonly sum: number | null;
}

export interface CorrelationTerms {
  /** `[stack, rows, columns]`, plain. */
  readonly lines: Tensor;
  /** `[stack', filters, h, w]` in blocks. */
  readonly filters: Tensor;
  /** How many sums there are; one that nothing goes into is zero. */
  readonly sums: number;
  /** For each slice of the lines, what it is paired with; equally many each. */
  readonly pairings: readonly (readonly Pairing[])[];
  /** Dilations and pads of the convolution. */
  readonly geometry: Attributes;
}

/** The sums `[sums, filters / block, ...shifts, block]`, one of the filters' slice against the lines for every shift. */
export function correlate(
  convolution: OpDefinition,
  block: number,
  { lines, filters, sums, pairings, geometry }: CorrelationTerms,
): Tensor {
  const [stack, ...line] = fixedShape(lines.shape, 'lines');
  const [slices, channels, ...space] = fixedShape(filters.shape, 'filters');
  const { graph } = lines;
  const each = pairings[0].length;
  const rows = reshape(filters, [slices, channels * elementCount(space)]);
  const parts = wholeBlocks(stack, block);
  const products = parts.map(([start, end]) => {
    const count = end - start;
    const input = count === stack ? lines : slice(lines, [0], [start], [end]);
    const partners = pairings.slice(start, end).flatMap((list) => list.map((pair) => pair.slice));
    const same = partners.length === slices && partners.every((partner, i) => partner === i);
    const chosen = same ? rows : gather(rows, 0, partners);
    return graph.add(
      convolution,
      [reshape(input, [1, count, ...line]), reshape(chosen, [count * each * channels, 1, ...space])],
      { group: count, ...geometry },
    );
  });
  const shifts = fixedShape(products[0].shape, 'products').slice(2);
  const length = channels * elementCount(shifts);
  // The same matrix product adds up what belongs together and leaves out what stood in.
  const totals = products.map((product, i) => {
    const goesTo = pairings.slice(...parts[i]).flat();
    const choice = Array.from({ length: sums }, (_, k) => goesTo.map(({ sum }) => (sum === k ? 1 : 0))).flat();
    return matmul(graph.table(choice, [sums, goesTo.length]), reshape(product, [goesTo.length, length]));
  });
  return reshape(totals.reduce(add), [sums, channels / block, ...shifts, block]);
}

/** The engine takes less than a block of channels, or whole blocks. */
function wholeBlocks(stack: number, block: number): [start: number, end: number][] {
  const whole = stack - (stack % block);
  return [
    [0, whole],
    [whole, stack],
  ].filter(([start, end]) => end > start) as [number, number][];
}
