import type { ReceiverSpec } from '@navarch/core/alert/alerts-spec'
import { createManualClock } from '@navarch/system/manual-clock'
import { expect, it } from 'vitest'
import { watchSecrets } from './watched-secrets.ts'

const receiver = (name: string): ReceiverSpec => ({
  ...{ type: 'pagerduty', name, timeoutMs: 5_000, url: 'http://pager' },
  routingKey: { kind: 'file', path: `/${name}.key` },
})

function bench(names: readonly string[], read: (path: string) => Promise<string>) {
  const clock = createManualClock()
  const asked: string[] = []
  const said: string[] = []
  const look = watchSecrets({
    receivers: names.map(receiver),
    secret: (ref) => {
      const path = ref.kind === 'file' ? ref.path : ''
      asked.push(path)
      return read(path)
    },
    outbox: {
      noteUnusable: (name, error) => said.push(`${name}: ${error}`),
      noteUsable: (name) => said.push(`${name} is usable`),
    },
    clock,
  })
  return { clock, asked, said, look }
}

it('looks again for those alone that were not there, until they are', async () => {
  const there = new Set(['/chat.key'])
  const { asked, said, look } = bench(['chat', 'pager'], async (path) => {
    if (!there.has(path)) throw new Error(`${path} is missing`)
    return 's3cret'
  })
  await look()
  expect(said).toEqual(['chat is usable', 'pager: /pager.key is missing'])
  there.add('/pager.key')
  await look()
  expect(said.at(-1)).toBe('pager is usable')
  await look()
  expect(asked).toEqual(['/chat.key', '/pager.key', '/pager.key'])
})

it('a file that nobody answers for is given up after a while, and is not asked for twice at once', async () => {
  const slow = Promise.withResolvers<string>()
  const { clock, asked, said, look } = bench(['pager'], () => slow.promise)
  const first = look()
  await clock.advance(5_000)
  await first
  expect(said).toEqual(['pager: its secret could not be read in 5000 ms'])
  await look()
  expect(asked).toHaveLength(1)
  slow.resolve('s3cret')
  await clock.advance(0)
  await look()
  expect([asked.length, said.at(-1)]).toEqual([2, 'pager is usable'])
})
