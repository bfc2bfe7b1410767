import { mkdir, mkdtemp, readdir, rm, rmdir, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@navarch/system/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JobEventJson } from './hook-event.ts'
import { openJobEventSpool } from './job-event-spool.ts'

const timestamp = '2026-11-21T00:00:00.000Z'
const event = (id: number): JobEventJson => ({
  ...{ event: 'started', job_id: String(id), user: 'ann', node_list: [], timestamp },
})
const end = (id: number): JobEventJson => ({
  event: 'finished',
  job_id: String(id),
  final_state: 'completed',
  timestamp,
})

describe('openJobEventSpool', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-events-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  const open = (maxBytes?: number) =>
    openJobEventSpool({ path: join(folder, 'events.spool'), log: silentLog, ...(maxBytes && { maxBytes }) })
  const jobs = (spool: Awaited<ReturnType<typeof open>>) =>
    [...spool.waiting()].map(({ event }) => JSON.parse(event).job_id)
  const kinds = (spool: Awaited<ReturnType<typeof open>>) =>
    [...spool.waiting()].map(({ event: text }) => `${JSON.parse(text).event} ${JSON.parse(text).job_id}`)

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

  it('gives up the oldest starts first when it is full, then ends, and counts both', async () => {
    const spool = await open(600)
    for (let id = 1; id <= 4; id++) await Promise.all([spool.add(event(id)), spool.add(end(id))])
    const { starts } = spool.dropped()
    expect(starts).toBeGreaterThan(0)
    expect(spool.dropped().ends).toBe(0)
    expect(kinds(spool)).toEqual(
      [1, 2, 3, 4].flatMap((id) => (id <= starts ? [`finished ${id}`] : [`started ${id}`, `finished ${id}`])),
    )
    await spool.close()

    const later = await open(600)
    await later.add(end(5))
    expect(later.dropped().starts).toBeGreaterThan(0)
    expect(later.dropped().ends).toBe(0)
    for (let id = 6; id <= 20; id++) await later.add(end(id))
    const { ends } = later.dropped()
    expect(ends).toBeGreaterThan(0)
    expect(kinds(later)).toEqual(Array.from({ length: 20 - ends }, (_, at) => `finished ${ends + at + 1}`))
    await later.close()
  })

  it('has others give way where the disk is full, and keeps its promise then', async () => {
    const fresh = join(folder, 'events.spool.new')
    // What it cannot open at all it makes anew with the next event.
    await mkdir(fresh)
    let asked = 0
    const freeDisk = async () => {
      asked++
      return true
    }
    const spool = await openJobEventSpool({ path: join(folder, 'events.spool'), log: silentLog, freeDisk })
    await rmdir(fresh)
    await symlink('/dev/full', fresh)
    await spool.add(end(1))
    expect(asked).toBe(1)
    const next = await open()
    expect(jobs(next)).toEqual(['1'])
    await Promise.all([next.close(), spool.close()])
  })

  it('has nothing give way where a full disk keeps all events already, and leaves nothing half written', async () => {
    const [path, fresh] = [join(folder, 'events.spool'), join(folder, 'events.spool.new')]
    let asked = 0
    const freeDisk = async () => {
      asked++
      return true
    }
    const spool = await openJobEventSpool({ path, log: silentLog, maxBytes: 800, freeDisk })
    for (let id = 1; id <= 4; id++) await spool.add(end(id))
    await symlink('/dev/full', fresh)
    await spool.remove([...spool.waiting()].slice(0, 2).map(({ id }) => id))
    expect(asked).toBe(0)
    expect(await readdir(folder)).toEqual(['events.spool'])
    await spool.close()
    const next = await open()
    expect(jobs(next).slice(-2)).toEqual(['3', '4'])
    await next.close()
  })
})
