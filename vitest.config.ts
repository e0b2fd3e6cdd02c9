import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 60_000,
    // Training tests use both cores; two files at once would only fight for them.
    maxWorkers: 2,
  },
});
