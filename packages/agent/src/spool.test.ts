import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, silentLog } from '@navarch/system/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { healthReport } from './messages.ts'
import { openSpool, type Spool } from './spool.ts'

const report = (id: string) => healthReport('n1', id, [], false)
const ids = (spool: Spool) => spool.reports().map((one) => one.reportId)

describe('openSpool', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-spool-'))
    path = join(folder, 'state', 'reports.spool')
  })
  afterEach(() => rm(folder, { recursive: true }))
  const open = (maxBytes?: number) => openSpool({ path, log: silentLog, ...(maxBytes && { maxBytes }) })

  it('has after a crash what was added and not confirmed, in order', async () => {
    const spool = await open()
    for (const id of ['a', 'b', 'c']) await spool.add(report(id))
    await spool.remove('a')
    // No closing: the process is gone.
    const next = await open()
    expect(ids(next)).toEqual(expect.arrayContaining(['b', 'c']))
    expect(ids(next).slice(-2)).toEqual(['b', 'c'])
    await next.close()
    await spool.close()
  })

  it('leaves an empty file when everything was confirmed', async () => {
    const spool = await open()
    await spool.add(report('a'))
    await spool.add(report('b'))
    await spool.remove('b')
    await spool.remove('a')
    expect((await stat(path)).size).toBe(0)
    await spool.add(report('c'))
    await spool.close()
    const next = await open()
    expect(ids(next)).toEqual(['c'])
    await next.close()
  })

  it('forgets a report that was cut short by a crash, and goes on behind the whole ones', async () => {
    const spool = await open()
    await spool.add(report('a'))
    await spool.add(report('b'))
    await spool.close()
    await truncate(path, (await stat(path)).size - 1)
    const next = await open()
    expect(ids(next)).toEqual(['a'])
    await next.add(report('c'))
    await next.close()
    const last = await open()
    expect(ids(last)).toEqual(['a', 'c'])
    await last.close()
  })

  it('keeps the reports before one that was damaged, and tells how much is lost', async () => {
    const spool = await open()
    await spool.add(report('a'))
    await spool.add(report('b'))
    await spool.close()
    await appendFile(path, Buffer.alloc(16, 0xff))
    const lines: string[] = []
    const next = await openSpool({ path, log: createLog((line) => lines.push(line), { now: () => 0 }) })
    expect(ids(next)).toEqual(['a', 'b'])
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { msg: 'reports of an earlier run are damaged, and some are lost', damagedBytes: 16 },
    ])
    await next.close()
  })

  it('gives up the oldest reports when it is full, and counts them', async () => {
    const spool = await open(60)
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) await spool.add(report(id))
    expect(spool.dropped()).toBeGreaterThan(0)
    expect(spool.dropped() + ids(spool).length).toBe(8)
    expect(ids(spool).at(-1)).toBe('h')
    await spool.close()
    // Those that were given up stay in the file for a while: an eighth of what it may hold.
    expect((await readFile(path)).length).toBeLessThanOrEqual(60 + 60 / 8)
  })

  it('promises nothing while the disk takes nothing, and writes all of it down when it does again', async () => {
    await writeFile(join(folder, 'state'), 'a file where the folder should be')
    const lines: string[] = []
    const spool = await openSpool({ path, log: createLog((line) => lines.push(line), { now: () => 0 }) })
    const kept: string[] = []
    const add = (id: string) => spool.add(report(id)).then(() => kept.push(id))
    const early = [add('a'), add('b')]
    await spool.remove('b')
    await early[1]
    expect(kept).toEqual(['b'])
    expect(ids(spool)).toEqual(['a'])
    expect(lines.filter((line) => line.includes('reports are kept in memory alone'))).toHaveLength(1)

    await rm(join(folder, 'state'))
    await Promise.all([...early, add('c')])
    expect(lines.join()).toContain('reports are on disk again')
    const next = await open()
    expect(ids(next)).toEqual(['a', 'c'])
    await Promise.all([next.close(), spool.close()])
  })
})
