import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** StrykerJS runs tests in threads, where the engine is refused unless this is set for the whole process. */
process.env.ORT_DISABLE_TELEMETRY = '1';

const rooms = ['ood', 'calibration', 'evaluation', 'training', 'fitting', 'jobs'];

/** Tests that train or start processes: minutes for one mutant, and processes run the built package, not the mutant. */
const endToEnd = [
  'tests/training/{train-network,validation,worker-batches}.test.ts',
  'tests/jobs/{pipeline,plans,train,unwritable}.test.ts',
];

/** Trials over thousands of drawn images, and measurements of time, by title. */
const slow = [
  'validity of verdicts',
  'symmetric constants is exact',
  'from the calibration images alone break it',
  'valid on the mixture and not idle',
  'speed',
];

const { projects: _, ...common } = base.test!;

/** The tests that mutants are tried with (`npm run mutation`): the quick ones of the rooms that decide honesty. */
export default defineConfig({
  test: {
    ...common,
    fileParallelism: false,
    include: rooms.map((room) => `tests/${room}/**/*.test.ts`),
    exclude: ['**/node_modules/**', ...endToEnd],
    testNamePattern: new RegExp(`^(?!.*(${slow.join('|')}))`),
    testTimeout: 600_000,
  },
});
