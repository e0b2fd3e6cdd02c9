import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/support/cache-folder.ts'],
    setupFiles: ['tests/support/property-seed.ts'],
    testTimeout: 60_000,
    // The engine uses all cores; test files side by side would only fight for them.
    fileParallelism: false,
  },
});
