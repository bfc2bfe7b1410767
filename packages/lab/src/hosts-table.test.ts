import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writeHostsTable } from './hosts-table.ts'

test('an empty table gets the loopback names and the hosts', () => {
  expect(writeHostsTable('', new Map([['a', '10.213.0.10']]))).toBe(
    '127.0.0.1 localhost\n::1 localhost ip6-localhost\n# navarch lab: begin\n10.213.0.10 a\n# navarch lab: end\n',
  )
})

test("lines of others stay, and the lab's own are replaced", () => {
  const first = writeHostsTable('127.0.0.1 localhost\n', new Map([['a', '10.213.0.10']]))
  const second = writeHostsTable(`${first}192.0.2.1 registry\n`, new Map([['b', '10.213.0.11']]))
  expect(second).toBe(
    '127.0.0.1 localhost\n192.0.2.1 registry\n# navarch lab: begin\n10.213.0.11 b\n# navarch lab: end\n',
  )
})

test('writing twice is writing once', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.ipV4()),
      (text, hosts) => {
        const entries = new Map(Object.entries(hosts))
        const once = writeHostsTable(text, entries)
        expect(writeHostsTable(once, entries)).toBe(once)
      },
    ),
  )
})
