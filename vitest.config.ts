import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Their processes use all cores, are killed at moments, or build what others run: one file at a time. */
const alone = ['tests/{cli,corpus,docs,package}/**/*.test.ts'];

export default defineConfig({
  test: {
    globalSetup: ['tests/support/cache-folder.ts'],
    setupFiles: ['tests/support/property-seed.ts'],
    testTimeout: 60_000,
    // Hooks build models and train small ones, on machines that may be busy with other work.
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          // Where these use the engine, it is with one thread.
          name: 'rooms',
          include: ['tests/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...alone],
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
    ],
  },
});
