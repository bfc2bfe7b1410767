import { execFileSync } from 'node:child_process'
import { createManualClock } from '@navarch/system/manual-clock'
import { expect, it } from 'vitest'
import { usedPercent, watchVolumes } from './watched-volumes.ts'

it('is what df says', async () => {
  const said = Number(execFileSync('df', ['--output=pcent', '/'], { encoding: 'utf8' }).match(/(\d+)%/)?.[1])
  // df rounds up.
  expect(Math.abs(Math.ceil(await usedPercent('/')) - said)).toBeLessThanOrEqual(1)
})

it('is not known of what is not there, and of what does not answer', async () => {
  const clock = createManualClock()
  const asked: string[] = []
  const answers: Record<string, Promise<number>> = {
    '/gone': Promise.reject(new Error('ENOENT')),
    '/ok': Promise.resolve(42),
  }
  const watch = watchVolumes(['/gone', '/ok', '/hangs', '/ok'], clock, (path) => {
    asked.push(path)
    return answers[path] ?? new Promise(() => {})
  })
  const first = watch()
  await clock.advance(5_000)
  expect((await first).values.map(({ key, value }) => [key, value])).toEqual([
    ['/gone', undefined],
    ['/ok', 42],
    ['/hangs', undefined],
  ])
  const second = watch()
  await clock.advance(5_000)
  await second
  expect(asked.filter((path) => path === '/hangs')).toHaveLength(1)
})
