/** Running means of what training says of itself: single steps are too noisy to read. */
import type { StepRecord } from './train-network.js';

/** Weight of the past in a running mean; about the last twenty steps count. */
const MEMORY = 0.95;

/** A function that takes each step and returns smoothed loss and Dice per task. */
export function smoothMetrics(): (record: StepRecord) => { loss: number; dice: Record<string, number> } {
  const means = new Map<string, { sum: number; weight: number }>();
  const update = (key: string, value: number): number => {
    const { sum, weight } = means.get(key) ?? { sum: 0, weight: 0 };
    const next = { sum: MEMORY * sum + value, weight: MEMORY * weight + 1 };
    means.set(key, next);
    return next.sum / next.weight;
  };
  return ({ loss, dice }) => {
    for (const [task, value] of Object.entries(dice)) update(`dice ${task}`, value);
    const smoothed = update('loss', loss);
    const tasks = [...means].filter(([key]) => key.startsWith('dice '));
    return { loss: smoothed, dice: Object.fromEntries(tasks.map(([key, m]) => [key.slice(5), m.sum / m.weight])) };
  };
}
