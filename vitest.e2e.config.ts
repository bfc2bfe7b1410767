import { defineConfig } from 'vitest/config'

/** Whole programs on real hosts: one file at a time, since each takes what the machine has. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
    fileParallelism: false,
    maxWorkers: 1,
  },
})
