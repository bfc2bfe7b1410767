import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { systemClock } from '@navarch/system/clock'
import { expect, test } from 'vitest'
import { LabError } from './errors.ts'
import { withLock } from './lock.ts'

const lockModule = new URL('./lock.ts', import.meta.url).href
const clockModule = new URL('../../system/src/clock.ts', import.meta.url).href

test('work under one lock never overlaps, and work under another does not wait', async () => {
  const options = { clock: systemClock, deadlineMs: 10_000 }
  const seen: string[] = []
  const work = (name: string) => async () => {
    seen.push(`${name} begins`)
    await systemClock.sleep(10)
    seen.push(`${name} ends`)
  }
  const names = ['a', 'b', 'c']
  await Promise.all(names.map((name) => withLock(`test-${process.pid}`, options, work(name))))
  for (const name of names) expect(seen[seen.indexOf(`${name} begins`) + 1]).toBe(`${name} ends`)

  await withLock(`test-${process.pid}`, options, () => withLock(`test-other-${process.pid}`, options, work('d')))
  expect(seen.slice(-2)).toEqual(['d begins', 'd ends'])
})

test('a lock that work failed under is free again', async () => {
  const options = { clock: systemClock, deadlineMs: 1000 }
  const fail = () => Promise.reject(new Error('no'))
  await expect(withLock(`fail-${process.pid}`, options, fail)).rejects.toThrow('no')
  expect(await withLock(`fail-${process.pid}`, options, async () => 'had')).toBe('had')
})

test('a lock of another process is waited for, and is free when that process is killed', async () => {
  const name = `killed-${process.pid}`
  const script = `
    import { withLock } from '${lockModule}'
    import { systemClock as clock } from '${clockModule}'
    await withLock('${name}', { clock, deadlineMs: 1000 }, async () => {
      console.log('held')
      await clock.sleep(60_000)
    })`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    const impatient = withLock(name, { clock: systemClock, deadlineMs: 0 }, async () => {})
    await expect(impatient).rejects.toThrow(LabError)
  } finally {
    child.kill('SIGKILL')
  }
  expect(await withLock(name, { clock: systemClock, deadlineMs: 10_000 }, async () => 'had')).toBe('had')
})
