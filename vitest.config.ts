import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** These build what all others run, or pack it: one file at a time. */
const building = ['tests/{docs,package}/**/*.test.ts', 'tests/cli/{build,setup}.test.ts'];
/** These start processes that use all cores, or are killed at moments. */
const processes = ['tests/{cli,corpus}/**/*.test.ts'];
const everywhere = ['**/node_modules/**'];

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
          // Where these use the engine, it is with one thread.
          name: 'rooms',
          include: ['tests/**/*.test.ts'],
          exclude: [...everywhere, ...processes, ...building],
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'processes',
          include: processes,
          exclude: [...everywhere, ...building],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'building',
          include: building,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
