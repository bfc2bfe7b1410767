import type { EventJson } from '@navarch/api/rest'
import { backoffDelay } from '@navarch/system/backoff'
import { CliError, exitCodes } from './cli-error.ts'
import type { Client } from './client.ts'
import type { Io } from './io.ts'
import { createSseParser } from './sse.ts'

/** The server gives a sign of life more often than this, ms; a connection that is silent for longer is dead. */
const silenceMs = 60_000
const backoff = { firstMs: 500, maxMs: 10_000 }

/**
 * Events after number `after` as they happen, each once and in order, until the user ends it. A connection that breaks
 * is made again where it broke; one that was never there is an error.
 */
export async function* followEvents(client: Client, io: Io, after: number): AsyncGenerator<EventJson> {
  let last = after
  let connected = false
  let failures = 0
  while (!io.signal.aborted) {
    try {
      for await (const event of connection()) {
        if (event.seq <= last) continue
        last = event.seq
        yield event
      }
    } catch (error) {
      if (io.signal.aborted) return
      if (!(error instanceof CliError) || error.code !== exitCodes.unreachable || !connected) throw error
      // The first failure may be no more than a restart.
      if (failures === 1) io.stderr.write(`navarch: ${error.message}; waiting for it\n`)
    }
    await io.clock.sleep(backoffDelay(backoff, failures, io.random()), io.signal).catch(() => {})
    failures++
  }

  /** The events of one connection; a connection that breaks ends them. */
  async function* connection(): AsyncGenerator<EventJson> {
    const silence = new AbortController()
    const body = await client.openEvents(last, AbortSignal.any([silence.signal, io.signal]))
    if (failures > 1) io.stderr.write('navarch: connected again\n')
    connected = true
    failures = 0
    const parse = createSseParser()
    const decoder = new TextDecoder()
    let cancel = io.clock.after(silenceMs, () => silence.abort())
    try {
      for await (const chunk of unbroken(body)) {
        cancel()
        cancel = io.clock.after(silenceMs, () => silence.abort())
        for (const { data } of parse(decoder.decode(chunk, { stream: true }))) yield JSON.parse(data) as EventJson
      }
    } finally {
      cancel()
      silence.abort()
    }
  }
}

/** The chunks of a stream until it ends or breaks, which for a follower is the same. */
async function* unbroken(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  for (;;) {
    const chunk = await reader.read().catch(() => ({ done: true, value: undefined }) as const)
    if (chunk.done) return
    yield chunk.value
  }
}
