import { defineConfig } from 'vitest/config'

/** Tests on the real parts: one at a time, since they share this machine's network, mounts and processors. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    pool: 'forks',
  },
})
