/**
 * Shapes known while a graph is built. A dimension is a number, or a name for one fixed only at run time
 * (`depth`), possibly divided by a whole number (`depth/4`): all that a fully convolutional network needs.
 */
import { GraphError } from '../errors.js';

export type Dim = number | string;
export type Shape = readonly Dim[];

/** `[2, 16, depth]`, for messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** The shape as numbers; throws {@link GraphError} where a dimension is only named. */
export function fixedShape(shape: Shape, what: string): number[] {
  return shape.map((dim) => {
    if (typeof dim === 'string') {
      throw new GraphError({ file: what, expected: 'a shape of numbers', found: formatShape(shape) });
    }
    return dim;
  });
}

/** Number of elements of a fixed shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** A named dimension times a fraction; undefined unless the result is again `name` or `name/k`. */
export function scaleDim(dim: string, multiplier: number, divisor: number): string | undefined {
  const [name, denominatorText] = dim.split('/');
  const denominator = Number(denominatorText ?? 1) * divisor;
  if (denominator % multiplier !== 0) return undefined;
  return denominator === multiplier ? name : `${name}/${denominator / multiplier}`;
}

/** Shape of an element-wise result (numpy broadcasting), or undefined where the two do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const p = a[a.length - rank + i] ?? 1;
    const q = b[b.length - rank + i] ?? 1;
    if (p !== q && p !== 1 && q !== 1) return undefined;
    result.push(p === 1 ? q : p);
  }
  return result;
}

/** Row-major strides of a fixed shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}
