import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { nearestTask, scoreTasks, taskScore } from '../../src/ood/scores.js';
import { judge } from '../../src/ood/verdict.js';
import { someLayers, syntheticFeatures, syntheticState, under } from './synthetic.js';

describe('scoreTasks', () => {
  const state = syntheticState(createRandom('state'), [19, 24, 21]);
  const names = state.tasks.map(({ name }) => name);
  const image = syntheticFeatures(createRandom('image'), someLayers, 1);

  it('gives the scores and the nearest task of the verdict', () => {
    const { scores } = scoreTasks(state, under(image, names));
    const { ood } = judge(state, under(image, names), { alpha: 0.05 });
    expect(scores).toEqual(names.map((name) => ({ name, score: ood.perTask[name].score })));
    expect(nearestTask(scores)).toEqual({ name: ood.nearestTask, score: ood.score });
    expect(ood.nearestTask).toBe('task1');
  });

  it('scores a task whatever plans were run beside its own', () => {
    const all = scoreTasks(state, under(image, names)).scores;
    for (const [i, name] of names.entries()) {
      const { scores } = scoreTasks(state, under(image, [name]));
      expect(scores[i]).toEqual(all[i]);
      expect(scores.filter(({ score }) => Number.isFinite(score))).toEqual([all[i]]);
      expect(taskScore(state, name, image)).toBe(all[i].score);
    }
  });
});

describe('nearestTask', () => {
  it('is the first of equals, and none where no score is finite', () => {
    const scores = [
      { name: 'a', score: Number.POSITIVE_INFINITY },
      { name: 'b', score: -1 },
      { name: 'c', score: -1 },
    ];
    expect(nearestTask(scores)?.name).toBe('b');
    expect(nearestTask(scores.slice(0, 1))).toBeNull();
    expect(nearestTask([])).toBeNull();
  });
});
