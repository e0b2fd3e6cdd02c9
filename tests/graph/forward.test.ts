/** Every operator: ONNX Runtime against the float64 oracle, and nothing exported that is not in the table. */
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { OpDefinition } from '../../src/graph/tensor.js';
import { createRandom } from '../../src/math/random.js';
import { opCases } from './op-cases.js';
import { expectEngineMatchesOracle, graphOf } from './support.js';

const DRAWS = 8;

describe('engine against oracle', () => {
  it.each(opCases.map((c) => [`${c.op.type}, ${c.name}`, c] as const))('%s', async (label, { op, draw }) => {
    for (let seed = 0; seed < DRAWS; seed++) {
      const { inputs, build, about } = draw(createRandom('forward', label, seed));
      const { graph, tensors } = graphOf(inputs);
      graph.output('result', build(tensors));
      await expectEngineMatchesOracle(graph, inputs).catch((cause) => {
        throw new Error(`${op.type} ${about}: ${cause.message}`, { cause });
      });
    }
  });
});

describe('the table of cases', () => {
  it('holds every exported operator', async () => {
    const folder = new URL('../../src/graph/ops/', import.meta.url);
    const exported: OpDefinition[] = [];
    for (const file of await readdir(folder)) {
      const module: Record<string, unknown> = await import(new URL(file, folder).href);
      exported.push(...Object.values(module).filter(isOp));
    }
    expect(exported.length).toBeGreaterThan(20);
    expect(new Set(opCases.map(({ op }) => op.type))).toEqual(new Set(exported.map(({ type }) => type)));
  });

  it('uses in each case the operator that the case is about', () => {
    for (const { op, name, draw } of opCases) {
      const used = Array.from({ length: DRAWS }, (_, seed) => {
        const { inputs, build } = draw(createRandom('forward', `${op.type}, ${name}`, seed));
        const { graph, tensors } = graphOf(inputs);
        build(tensors);
        return graph.nodes.some((node) => node.op === op);
      });
      expect(used, `${op.type}, ${name}`).toContain(true);
    }
  });
});

function isOp(value: unknown): value is OpDefinition {
  return typeof value === 'object' && value !== null && 'type' in value && 'infer' in value && 'evaluate' in value;
}
