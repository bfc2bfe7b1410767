import { PassThrough } from 'node:stream'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { CliError, exitCodes } from './cli-error.ts'
import type { CommandContext, OutputFormat } from './context.ts'
import { watch } from './watch.ts'

function watching(output: OutputFormat, { isTTY = false, rows }: { isTTY?: boolean; rows?: number } = {}) {
  const clock = createManualClock()
  const stop = new AbortController()
  const printed = { stdout: '', stderr: '' }
  const print = (stream: 'stdout' | 'stderr', text: string) => {
    printed[stream] += text
  }
  const context: CommandContext = {
    io: {
      stdout: { write: (text) => print('stdout', text), isTTY, rows },
      stderr: { write: (text) => print('stderr', text), isTTY },
      bytes: new PassThrough(),
      env: {},
      home: '/',
      fetch,
      clock,
      random: () => 0,
      readFile: () => Promise.reject(new Error('not read here')),
      exists: async () => false,
      trustAnyCertificate: () => {},
      readStdin: async () => '',
      writePrivateFile: async () => {},
      trustAuthorities: () => {},
      signal: stop.signal,
    },
    output,
    connect: () => Promise.reject(new Error('not connected here')),
    table: () => ({ colour: false }),
  }
  return { clock, stop, printed, context }
}

/** Answers in order, the last one again and again. */
function answers<T>(...list: (T | CliError)[]): () => Promise<T> {
  return async () => {
    const [next] = list.length > 1 ? list.splice(0, 1) : list
    if (next === undefined || next instanceof CliError) throw next
    return next
  }
}

const away = new CliError(exitCodes.unreachable, 'cannot reach it')

describe('watching a document', () => {
  it('prints one JSON document per change, and a heartbeat is no change', async () => {
    const { clock, stop, printed, context } = watching('json')
    const fetch = answers(
      { health: 'healthy', last_heartbeat: 1 },
      { health: 'healthy', last_heartbeat: 2 },
      { health: 'unhealthy', last_heartbeat: 3 },
    )
    const ended = watch(context, { fetch, table: () => '' })
    await clock.advance(10_000)
    stop.abort()
    expect(await ended).toBe(exitCodes.ok)
    expect(printed.stdout).toBe('{"health":"healthy","last_heartbeat":1}\n{"health":"unhealthy","last_heartbeat":3}\n')
  })

  it('redraws on a terminal each time, since ages change', async () => {
    const { clock, stop, printed, context } = watching('table', { isTTY: true })
    const ended = watch(context, { fetch: answers({ a: 1 }), table: () => `at ${clock.now() % 100_000}\n` })
    await clock.advance(2_000)
    stop.abort()
    await ended
    expect(printed.stdout).toBe('\x1b[H\x1b[2Jat 0\n\x1b[H\x1b[2Jat 2000\n')
  })

  it('waits for a control plane that goes away, and tells it once', async () => {
    const { clock, stop, printed, context } = watching('json')
    const ended = watch(context, { fetch: answers({ a: 1 }, away, away, { a: 2 }), table: () => '' })
    await clock.advance(20_000)
    stop.abort()
    await ended
    expect(printed).toEqual({ stdout: '{"a":1}\n{"a":2}\n', stderr: 'navarch: cannot reach it; waiting for it\n' })
  })

  it('fails at once when the control plane was never there', async () => {
    const { context } = watching('json')
    await expect(watch(context, { fetch: answers<object>(away), table: () => '' })).rejects.toBe(away)
  })

  it('ends with the document that it waits for', async () => {
    const { clock, context } = watching('json')
    const ended = watch(context, {
      fetch: answers<{ done: boolean }>({ done: false }, { done: true }),
      table: () => '',
      until: (document: { done: boolean }) => (document.done ? exitCodes.failed : undefined),
    })
    await clock.advance(5_000)
    expect(await ended).toBe(exitCodes.failed)
  })

  it('prints no document for what is no news', async () => {
    const { clock, stop, printed, context } = watching('json')
    const fetch = answers({ state: 'running', cpu: 1 }, { state: 'running', cpu: 2 }, { state: 'completed', cpu: 3 })
    const ended = watch(context, { fetch, table: () => '', news: ({ state }) => state })
    await clock.advance(10_000)
    stop.abort()
    await ended
    expect(printed.stdout).toBe('{"state":"running","cpu":1}\n{"state":"completed","cpu":3}\n')
  })

  it.each([
    [undefined, 'a\nb\nc\nd\ne\n'],
    [6, 'a\nb\nc\nd\ne\n'],
    [5, 'a\nb\nc\n... 2 more lines\n'],
    [1, 'a\n... 4 more lines\n'],
  ])('leaves the head of a table on a screen of %s rows', async (rows, shown) => {
    const { stop, printed, context } = watching('table', { isTTY: true, ...(rows && { rows }) })
    const ended = watch(context, { fetch: answers({}), table: () => 'a\nb\nc\nd\ne\n', until: () => 0 })
    stop.abort()
    await ended
    expect(printed.stdout.replace('\u001b[H\u001b[2J', '')).toBe(shown)
  })
})
