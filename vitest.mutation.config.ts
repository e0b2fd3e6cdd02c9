import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** Trials over thousands of drawn images and measurements of time: minutes for all mutants of a file, or not the same twice. */
const slow = ['validity of verdicts', 'validity on exchangeable images', 'speed'];

/**
 * The tests that mutants are tried with (`npm run mutation`): those of the rooms that decide honesty, less those that
 * train, or run the built package. The latter take minutes for each mutant, and would see none of them: processes run
 * what `npm run build` made, not the mutated source.
 */
export default defineConfig({
  test: {
    ...base.test,
    include: ['ood', 'calibration', 'evaluation', 'training', 'fitting', 'jobs'].map(
      (room) => `tests/${room}/**/*.test.ts`,
    ),
    testNamePattern: new RegExp(`^(?!.*(${slow.join('|')}))`),
    testTimeout: 600_000,
  },
});
