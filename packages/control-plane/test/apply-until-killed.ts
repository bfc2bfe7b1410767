import { finished, started } from './job-events.ts'
import { openJobStore } from './job-stores.ts'

/**
 * A process that applies events to the store at a place until it is killed, from several callers at once. Prints a job's id once its
 * start, and again once its end is acknowledged.
 */
const [place = ''] = process.argv.slice(2)
const store = await openJobStore(place)
let next = 0

async function applyForever(): Promise<void> {
  for (;;) {
    const jobId = String(next++)
    for (const event of [started({ jobId }), finished({ jobId })]) {
      await store.apply([event])
      process.stdout.write(`${jobId} ${event.kind}\n`)
    }
  }
}

await Promise.all(Array.from({ length: 8 }, applyForever))
