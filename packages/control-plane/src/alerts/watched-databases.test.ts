import { silentLog } from '@navarch/system/log'
import { runCommand } from '@navarch/system/run-command'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectionsOf, watchDatabases } from './watched-databases.ts'

describe('what a command prints', () => {
  it.each([
    ['12 151\n', { used: 12, max: 151 }],
    ['Threads_connected\t12\nmax_connections\t151\n', { used: 12, max: 151 }],
    ['12/151 in use', { used: 12, max: 151 }],
  ])('%j', (text, expected) => {
    expect(connectionsOf(text)).toEqual(expected)
  })

  it('is numbers or an error that says what it must be', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const { used, max } = connectionsOf(text)
          expect(Number.isInteger(used) && max > 0).toBe(true)
        } catch (error) {
          expect(String(error)).toContain('must print the connections in use')
        }
      }),
    )
  })
})

it('is a share of the most there may be, and unknown where the command fails', async () => {
  const databases = [
    { name: 'good', command: 'echo 30; echo 120' },
    { name: 'bad', command: 'echo no >&2; exit 3' },
    { name: 'odd', command: 'echo hello' },
  ]
  const watch = watchDatabases({ databases, own: async () => undefined, run: runCommand, log: silentLog })
  expect((await watch()).values).toEqual([
    { key: 'good', labels: { database: 'good' }, value: 25, note: '30 of 120 connections are in use' },
    { key: 'bad', labels: { database: 'bad' }, value: undefined },
    { key: 'odd', labels: { database: 'odd' }, value: undefined },
  ])
})
