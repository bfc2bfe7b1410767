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
 * Events after number `after` (without it: from now on) as they happen, each once and in order, until the user ends it.
 * A connection that breaks is made again where it broke; one that was never there is an error.
 */
export async function* followEvents(client: Client, io: Io, after: number | undefined): AsyncGenerator<EventJson> {
  let last = after
  let connected = false
  let failures = 0
  while (!io.signal.aborted) {
    try {
      for await (const event of stream(last)) {
        if (last !== undefined && event.seq <= last) continue
        last = event.seq
        yield event
      }
    } catch (error) {
      if (io.signal.aborted) return
      const passing = error instanceof CliError && error.code === exitCodes.unreachable
      if (!passing || !connected) throw error
      if (failures === 1) io.stderr.write(`navarch: ${error.message}; waiting for it\n`)
    }
    await io.clock.sleep(backoffDelay(backoff, failures++, 1), io.signal).catch(() => {})
  }

  async function* stream(from: number | undefined): AsyncGenerator<EventJson> {
    const silence = new AbortController()
    let cancel = () => {}
    const alive = () => {
      cancel()
      cancel = io.clock.after(silenceMs, () => silence.abort())
    }
    const resume: Record<string, string> = from === undefined ? {} : { 'last-event-id': String(from) }
    try {
      const body = await client.openStream('events', { after: from }, resume, silence.signal)
      if (connected && failures > 1) io.stderr.write('navarch: connected again\n')
      connected = true
      failures = 0
      alive()
      const parse = createSseParser()
      const decoder = new TextDecoder()
      for await (const chunk of body) {
        alive()
        for (const { data } of parse(decoder.decode(chunk, { stream: true }))) yield JSON.parse(data) as EventJson
      }
    } catch (error) {
      // What ends a stream that was open is passing, whatever it is called.
      if (error instanceof CliError) throw error
    } finally {
      cancel()
      silence.abort()
    }
  }
}
