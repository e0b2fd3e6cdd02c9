/** Values and gradients against PyTorch (golden.py writes golden.json): the oracle closely, the engine in float32. */
import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { evaluate } from '../../src/graph/evaluate.js';
import { gradients } from '../../src/graph/gradients.js';
import { type NdArray, ndArray } from '../../src/graph/nd-array.js';
import { reduceSum } from '../../src/graph/ops/broadcast.js';
import { type ConvOptions, conv, convTranspose } from '../../src/graph/ops/conv.js';
import { mul, relu, softplus } from '../../src/graph/ops/elementwise.js';
import { instanceNorm } from '../../src/graph/ops/instance-norm.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { type Arrays, expectAllClose, graphOf, runByEngine } from './support.js';

interface Golden {
  readonly op: 'Conv' | 'ConvTranspose' | 'InstanceNormalization' | 'Relu' | 'Softplus';
  readonly name: string;
  readonly options: ConvOptions & { readonly outputPadding?: readonly number[]; readonly epsilon?: number };
  readonly inputs: Readonly<Record<string, { shape: number[]; data: number[] }>>;
  readonly upstream: { shape: number[]; data: number[] };
  readonly result: { shape: number[]; data: number[] };
  readonly gradients: Readonly<Record<string, { shape: number[]; data: number[] }>>;
}

const cases: readonly Golden[] = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8'));
const array = ({ shape, data }: { shape: number[]; data: number[] }): NdArray => ndArray(shape, data);

function build({ op, options }: Golden, { x, w, b, scale, bias }: Readonly<Record<string, Tensor>>): Tensor {
  switch (op) {
    case 'Conv':
      return conv(x, w, options, b);
    case 'ConvTranspose':
      return convTranspose(x, w, options, b);
    case 'InstanceNormalization':
      return instanceNorm(x, scale, bias, options.epsilon);
    case 'Relu':
      return relu(x);
    case 'Softplus':
      return softplus(x);
  }
}

describe('PyTorch', () => {
  it.each(cases.map((c) => [`${c.op}, ${c.name}`, c] as const))('%s', async (_, golden) => {
    const inputs = Object.fromEntries(Object.entries(golden.inputs).map(([name, value]) => [name, array(value)]));
    const feeds: Arrays = { ...inputs, upstream: array(golden.upstream) };
    const { graph, tensors } = graphOf(feeds);
    const result = build(golden, tensors);
    const names = Object.keys(inputs);
    const found = gradients(
      reduceSum(mul(result, tensors.upstream)),
      names.map((name) => tensors[name]),
    );
    graph.output('result', result);
    for (const [i, name] of names.entries()) graph.output(`d${name}`, found[i]);

    const expected: Record<string, NdArray> = { result: array(golden.result) };
    for (const name of names) expected[`d${name}`] = array(golden.gradients[name]);
    const byOracle = evaluate(graph, feeds);
    const byEngine = await runByEngine(graph, feeds);
    for (const [name, value] of Object.entries(expected)) {
      expectAllClose(byOracle[name], value, 1e-7, `${name} by the oracle`);
      expectAllClose(byEngine[name], value, 1e-5, `${name} by the engine`);
    }
  });
});
