import { afterAll, afterEach, beforeAll, beforeEach, it, type TestAPI } from 'vitest'
import type { JobStore } from '../src/store/job-store.ts'
import { type JobStoreEngine, openJobStore } from './job-stores.ts'

/** A fresh store of an engine for each test. */
export interface JobStoreUnderTest {
  /** Skipped where the engine is missing. */
  test: ReturnType<TestAPI['skipIf']>
  store(): JobStore
  /** Where it is: what `openJobStore` takes. */
  place(): string
  /** Closes it and opens it again at its place. */
  reopen(): Promise<void>
}

/** To be called in a `describe`: the store is there in each of its tests, and goes afterwards. */
export function useJobStore(engine: JobStoreEngine): JobStoreUnderTest {
  const skip = engine.missing !== undefined
  let place = ''
  let store: JobStore | undefined
  const opened = (): JobStore => {
    if (!store) throw new Error('there is a store in tests alone')
    return store
  }
  beforeAll(async () => {
    if (!skip) await engine.start()
  })
  afterAll(async () => {
    if (!skip) await engine.stop()
  })
  beforeEach(async () => {
    if (skip) return
    place = await engine.makePlace()
    store = await openJobStore(place)
  })
  afterEach(async () => {
    if (skip) return
    await store?.close().catch(() => {})
    await engine.removePlace(place)
  })
  return {
    test: it.skipIf(skip),
    store: opened,
    place: () => place,
    async reopen() {
      await opened().close()
      store = await openJobStore(place)
    },
  }
}
