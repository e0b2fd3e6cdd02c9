/** Losses where structures may overlap, and where of some voxels nothing is known. */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/graph/evaluate.js';
import { gradients } from '../../src/graph/gradients.js';
import { Graph } from '../../src/graph/graph.js';
import { ndArray } from '../../src/graph/nd-array.js';
import { createRandom } from '../../src/math/random.js';
import { lossNames, segmentationLoss } from '../../src/networks/losses.js';

const HEADS = 3;
const VOXELS = 8;
const random = createRandom('label masks');
const shape = [2, HEADS, 2, 2, 2];
const logits = Float64Array.from({ length: 2 * HEADS * VOXELS }, () => 2 * random.normal());
/** Image 0 is of nested regions, image 1 of two structures that exclude each other; the third is not there. */
const overlapping = [1, 0];
const present = [1, 1, 1, 1, 1, 0];
const annotated = [1, 0, 1, 1, 1, 0];
const label = Float64Array.from({ length: logits.length }, (_, i) => {
  const [image, k, v] = [Math.floor(i / (HEADS * VOXELS)), Math.floor(i / VOXELS) % HEADS, i % VOXELS];
  const depth = [0, 1, 3, 2, 0, 3, 1, 0][v];
  if (image === 0) return k === 1 ? 0 : Number(k < depth);
  return Number(depth === k + 1 && k < 2);
});
const known = Float64Array.from({ length: 2 * VOXELS }, (_, i) => Number(![2, 5, 11].includes(i)));
const visible = label.map((value, i) => value * known[Math.floor(i / (HEADS * VOXELS)) * VOXELS + (i % VOXELS)]);

const feeds = {
  logits: ndArray(shape, logits),
  label: ndArray(shape, visible),
  present: ndArray([2, HEADS, 1, 1, 1], Float64Array.from(present)),
  annotated: ndArray([2, HEADS, 1, 1, 1], Float64Array.from(annotated)),
  overlapping: ndArray([2, 1, 1, 1, 1], Float64Array.from(overlapping)),
  known: ndArray([2, 1, 2, 2, 2], known),
};

function graphOf(name: (typeof lossNames)[number]): Graph {
  const graph = new Graph();
  const [x, y, has, shows, overlap, seen] = Object.entries(feeds).map(([input, value]) =>
    graph.input(input, value.shape),
  );
  const { loss, dice } = segmentationLoss(name, x, y, {
    structures: { present: has, annotated: shows },
    overlapping: overlap,
    known: seen,
  });
  graph.output('loss', loss);
  graph.output('dice', dice);
  graph.output('gradient', gradients(loss, [x])[0]);
  return graph;
}

/** By plain loops. */
function expected(): { ce: number; dice: number[] } {
  let [sum, voxels] = [0, 0];
  const dice = [0, 1].map((image) => {
    const ks = [0, 1, 2].filter((k) => present[image * HEADS + k] === 1);
    const shown = ks.filter((k) => annotated[image * HEADS + k] === 1);
    const sums = new Map(shown.map((k) => [k, { overlap: 0, total: 0 }]));
    for (let v = 0; v < VOXELS; v++) {
      if (known[image * VOXELS + v] === 0) continue;
      const z = (k: number) => logits[(image * HEADS + k) * VOXELS + v];
      const y = (k: number) => label[(image * HEADS + k) * VOXELS + v];
      const total = 1 + ks.reduce((s, k) => s + Math.exp(z(k)), 0);
      const p = (k: number) => (overlapping[image] === 1 ? 1 / (1 + Math.exp(-z(k))) : Math.exp(z(k)) / total);
      voxels++;
      if (overlapping[image] === 1) {
        sum -= shown.reduce((s, k) => s + Math.log(y(k) === 1 ? p(k) : 1 - p(k)), 0) / shown.length;
      } else {
        const right = ks.find((k) => y(k) === 1);
        const hidden = ks.filter((k) => !shown.includes(k)).reduce((s, k) => s + Math.exp(z(k)), 0);
        sum -= Math.log(right === undefined ? (1 + hidden) / total : p(right));
      }
      for (const [k, one] of sums) {
        one.overlap += p(k) * y(k);
        one.total += p(k) + y(k);
      }
    }
    const scores = [...sums.values()].map((one) => (2 * one.overlap + 1) / (one.total + 1));
    return scores.reduce((a, b) => a + b, 0) / scores.length;
  });
  return { ce: sum / voxels, dice };
}

describe('losses of regions beside structures, with voxels to ignore', () => {
  it('are what plain loops give', () => {
    const { ce, dice } = expected();
    const diceLoss = 1 - (dice[0] + dice[1]) / 2;
    for (const [name, value] of [
      ['ce', ce],
      ['dice', diceLoss],
      ['ce+dice', ce + diceLoss],
    ] as const) {
      const found = evaluate(graphOf(name), feeds);
      expect(found.loss.data[0]).toBeCloseTo(value, 6);
      expect(found.dice.data[0]).toBeCloseTo(dice[0], 6);
      expect(found.dice.data[1]).toBeCloseTo(dice[1], 6);
    }
  });

  it.each(lossNames)('have the gradient of central differences, none where nothing is known: %s', (name) => {
    const graph = graphOf(name);
    const gradient = evaluate(graph, feeds).gradient.data;
    const h = 1e-5;
    for (let i = 0; i < logits.length; i++) {
      const [up, down] = [h, -h].map(
        (step) => evaluate(graph, { ...feeds, logits: ndArray(shape, logits.with(i, logits[i] + step)) }).loss.data[0],
      );
      expect(gradient[i]).toBeCloseTo((up - down) / (2 * h), 7);
      if (known[Math.floor(i / (HEADS * VOXELS)) * VOXELS + (i % VOXELS)] === 0) expect(Math.abs(gradient[i])).toBe(0);
    }
  });
});
