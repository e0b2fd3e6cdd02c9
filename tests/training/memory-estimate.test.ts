/** Memory counted by hand on small graphs, and refused where there is too little. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { Graph } from '../../src/graph/graph.js';
import { add, relu } from '../../src/graph/ops/elementwise.js';
import { matmul } from '../../src/graph/ops/matmul.js';
import { reshape } from '../../src/graph/ops/shape.js';
import { presets } from '../../src/networks/architecture.js';
import { defaultAdamW } from '../../src/networks/optimiser.js';
import { memoryLimit } from '../../src/runtime/memory-limit.node.js';
import { checkMemory } from '../../src/training/check-memory.node.js';
import { peakBytes } from '../../src/training/graph-memory.js';
import { estimateTrainingMemory, estimateWindowMemory } from '../../src/training/memory-estimate.js';

describe('peakBytes', () => {
  it('frees what is no longer used, and counts views and overwritten tensors once', () => {
    const graph = new Graph();
    const x = graph.input('x', [10, 10]);
    // 400 bytes; relu overwrites it; the view is free; the second product needs another 400.
    const first = relu(matmul(x, x));
    const second = matmul(reshape(first, [10, 10]), x);
    matmul(second, second); // needed by nobody
    graph.output('y', second);
    expect(peakBytes(graph)).toBe(800);
    // A result of its own: kept to the end, it cannot be overwritten any more.
    graph.output('first', first);
    graph.output('sum', add(first, second));
    expect(peakBytes(graph)).toBe(1200);
  });

  it('takes named dimensions at their sizes', () => {
    const graph = new Graph();
    const x = graph.input('x', ['n', 8]);
    graph.output('y', matmul(x, graph.constant('w', [8, 2], new Float32Array(16))));
    expect(peakBytes(graph, { n: 5 })).toBe(5 * 2 * 4);
  });
});

describe('estimates', () => {
  const settings = { loss: 'ce+dice' as const, optimiser: defaultAdamW, dropout: false, batch: 2 };
  const { architecture } = presets.tiny;
  const estimate = (patch: [number, number, number], cases: number) =>
    estimateTrainingMemory({
      ...{ ...settings, architecture, shares: [1] },
      tasks: [{ patch, sizes: Array.from({ length: cases }, () => [100, 100, 100] as const) }],
    });

  it('grow with cases and patches by what these take', () => {
    expect(estimate([32, 32, 32], 7).total - estimate([32, 32, 32], 3).total).toBe(4 * 5e6);
    const [smallest, small, large] = [16, 32, 64].map((side) => estimate([side, side, side], 1));
    // What a session takes whatever it runs falls out of differences; tensors grow with voxels.
    expect((large.engine - small.engine) / (small.engine - smallest.engine)).toBeCloseTo(8, 0);
    expect(large.total).toBe(large.cases + large.engine + large.weights + large.base);
    const window = estimateWindowMemory(architecture, [64, 64, 64]);
    expect(window).toBeLessThan(large.engine / 3);
    expect(window).toBeGreaterThan(2 * 8 * 4 * 64 ** 3);
  });

  it('are told, or refused with what to change', () => {
    const one = estimate([64, 64, 64], 1);
    expect(checkMemory(one, one.total)).toMatch(
      /^Training will need about \d\.\d\d GiB of memory \(network \d\.\d\d GiB/,
    );
    expect(() => checkMemory(one, one.total - 1)).toThrow(UsageError);
    expect(() => checkMemory(one, 2 ** 28)).toThrow(/would need .* found 0\.25 GiB. Choose a smaller --patch/);
    expect(() => checkMemory(estimate([32, 32, 32], 999), 2 ** 30)).toThrow(/fewer cases or at a coarser --spacing/);
    expect(memoryLimit()).toBeGreaterThan(process.memoryUsage.rss());
  });
});
