import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** This takes away what all others run, and builds it anew. */
const building = ['tests/cli/build.test.ts'];
/** These start processes that use all cores, or are killed at moments. */
const processes = ['tests/{cli,corpus,docs,package}/**/*.test.ts'];
/** These replace modules, or change what a whole process shares: each has a process of its own. */
const apart = [
  'tests/honesty/**/*.test.ts',
  'tests/{cases/decodes,files/digests,files/durable,jobs/memory-refusal,ood/pack}.test.ts',
  'tests/training/{run-log,worker-batches}.test.ts',
];
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
          // Where these use the engine, it is with one thread. Files share modules: loading them anew for each is a third
          // of the time.
          name: 'rooms',
          include: ['tests/**/*.test.ts'],
          exclude: [...everywhere, ...apart, ...processes, ...building],
          isolate: false,
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'apart',
          include: apart,
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
