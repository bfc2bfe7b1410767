import { PassThrough } from 'node:stream'
import type { EventJson } from '@navarch/api/rest'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { CliError, exitCodes } from './cli-error.ts'
import type { Client } from './client.ts'
import { followEvents } from './follow-events.ts'
import type { Io } from './io.ts'

const away = new CliError(exitCodes.unreachable, 'cannot reach it')

/** A client whose connections carry these texts in order: one that ends, one that stays silent, or one that fails. */
function following(...connections: (string | { silent: string } | CliError)[]) {
  const clock = createManualClock()
  const stop = new AbortController()
  const asked: number[] = []
  let stderr = ''
  const unused = () => Promise.reject(new Error('not asked here'))
  const client: Client = {
    settings: { server: 'http://cp', serverSource: '', authToken: undefined, timeoutMs: 1, insecure: false },
    list: unused,
    listOf: unused,
    get: unused,
    delete: async () => Promise.reject(new Error('not asked for')),
    post: unused,
    openBackup: unused,
    sendBackup: unused,
    openEvents: async (after, signal) => {
      asked.push(after)
      const next = connections.shift() ?? { silent: '' }
      if (next instanceof CliError) throw next
      return new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(typeof next === 'string' ? next : next.silent))
          if (typeof next === 'string') controller.close()
          else signal.addEventListener('abort', () => controller.error(signal.reason))
        },
      })
    },
  }
  const write = (text: string) => {
    stderr += text
  }
  const sink = { write, isTTY: false }
  const io: Io = {
    stdout: sink,
    stderr: sink,
    bytes: new PassThrough(),
    env: {},
    home: '/',
    fetch,
    clock,
    random: () => 0,
    readFile: unused,
    exists: unused,
    trustAnyCertificate: () => {},
    readStdin: async () => '',
    writePrivateFile: async () => {},
    trustAuthorities: () => {},
    signal: stop.signal,
  }
  const seen: number[] = []
  const ended = (async () => {
    for await (const event of followEvents(client, io, 4)) seen.push(event.seq)
  })()
  return { clock, stop, asked, seen, ended, stderr: () => stderr }
}

const event = (seq: number) => {
  const json: EventJson = { seq, at: '', type: 'finding', pool: '', node: '', operation: '', message: '' }
  return `id: ${seq}\ndata: ${JSON.stringify(json)}\n\n`
}

describe('following events', () => {
  it('goes on where a connection broke, and shows each event once', async () => {
    const { clock, stop, asked, seen, ended } = following(event(5) + event(6), away, event(6) + event(7))
    await clock.advance(5_000)
    stop.abort()
    await ended
    expect(seen).toEqual([5, 6, 7])
    expect(asked.slice(0, 3)).toEqual([4, 6, 6])
  })

  it('takes a connection that is silent for a minute for dead', async () => {
    const { clock, stop, asked, seen, ended } = following({ silent: event(5) }, { silent: event(6) })
    await clock.advance(50_000)
    expect(asked).toEqual([4])
    await clock.advance(15_000)
    stop.abort()
    await ended
    expect(seen).toEqual([5, 6])
  })

  it('tells that the control plane is away, and that it is back, once', async () => {
    const { clock, stop, ended, stderr } = following(event(5), away, away, away, away, { silent: event(6) })
    await clock.advance(60_000)
    stop.abort()
    await ended
    expect(stderr()).toBe('navarch: cannot reach it; waiting for it\nnavarch: connected again\n')
  })

  it('fails at once when the control plane was never there', async () => {
    await expect(following(away).ended).rejects.toBe(away)
  })
})
