import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@navarch/system/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JobEventJson } from './hook-event.ts'
import { openJobEventSpool } from './job-event-spool.ts'

const event = (id: number): JobEventJson => ({
  ...{ event: 'started', job_id: String(id), user: 'ann', node_list: [] },
  timestamp: '2026-11-21T00:00:00.000Z',
})

describe('openJobEventSpool', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-events-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  const open = () => openJobEventSpool({ path: join(folder, 'events.spool'), log: silentLog })
  const jobs = (spool: Awaited<ReturnType<typeof open>>) =>
    [...spool.waiting()].map(({ event }) => JSON.parse(event).job_id)

  it('has after a crash all that was promised, in order, however many came at once', async () => {
    const spool = await open()
    await Promise.all(Array.from({ length: 500 }, (_, id) => spool.add(event(id))))
    await spool.remove([...spool.waiting()].slice(0, 3).map(({ id }) => id))
    // No closing: the process is gone.
    const next = await open()
    expect(jobs(next).slice(-497)).toEqual(Array.from({ length: 497 }, (_, id) => String(id + 3)))
    await Promise.all([next.close(), spool.close()])
  })

  it('forgets what was confirmed', async () => {
    const spool = await open()
    await Promise.all([spool.add(event(1)), spool.add(event(2))])
    await spool.remove([...spool.waiting()].map(({ id }) => id))
    await spool.add(event(3))
    await spool.close()
    const next = await open()
    expect(jobs(next)).toEqual(['3'])
    await next.close()
  })
})
