import { describe, expect, it } from 'vitest'
import { startTestServer } from './test-server.ts'

const sse = { accept: 'text/event-stream' }

/** Reads a stream until `done` says so of the text so far. */
async function readUntil(response: Response, done: (text: string) => boolean): Promise<string> {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!done(text)) {
    const { value, done: ended } = await reader.read()
    if (ended) break
    text += value
  }
  await reader.cancel()
  return text
}

describe('events', () => {
  it('are listed from a number on, or the newest', async () => {
    const { url, double } = await startTestServer()
    for (const message of ['a', 'b', 'c']) double.emit(message)
    const messages = async (query: string) => {
      const events = await (await fetch(`${url}/api/v1/events${query}`)).json()
      return (events as { message: string }[]).map((event) => event.message)
    }
    expect(await messages('?after=1')).toEqual(['b', 'c'])
    expect(await messages('?limit=1')).toEqual(['c'])
    expect(await messages('')).toEqual(['a', 'b', 'c'])
  })

  it('are followed, and resumed after Last-Event-ID without a gap or a repeat', async () => {
    const { url, double } = await startTestServer()
    double.emit('before')
    const following = await fetch(`${url}/api/v1/events`, { headers: sse })
    expect(following.headers.get('content-type')).toBe('text/event-stream')
    double.emit('live')
    const live = await readUntil(following, (text) => text.includes('live'))
    expect(live).not.toContain('before')
    expect(live).toContain('id: 2\ndata: {"seq":2')
    for (let i = 3; i <= 900; i++) double.emit(`number ${i}`)
    const resumed = await fetch(`${url}/api/v1/events`, { headers: { ...sse, 'last-event-id': '2' } })
    const text = await readUntil(resumed, (seen) => seen.includes('number 900'))
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))
    expect(ids).toEqual(Array.from({ length: 898 }, (_, index) => index + 3))
  })

  it('reach a follower that fell behind, each once and in order', async () => {
    const { url, double } = await startTestServer()
    const following = await fetch(`${url}/api/v1/events?after=0`, { headers: sse })
    for (let i = 1; i <= 1500; i++) {
      double.emit(`number ${i}`)
      if (i % 300 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const text = await readUntil(following, (seen) => seen.includes('number 1500'))
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))
    expect(ids).toEqual(Array.from({ length: 1500 }, (_, index) => index + 1))
  })

  it('come with signs of life while nothing happens', async () => {
    const { url } = await startTestServer({ keepAliveMs: 20 })
    const following = await fetch(`${url}/api/v1/events`, { headers: sse })
    expect(await readUntil(following, (text) => text.includes('keep-alive'))).toContain(': keep-alive\n\n')
  })

  it('are refused from a Last-Event-ID that is no number', async () => {
    const { url } = await startTestServer()
    const response = await fetch(`${url}/api/v1/events`, { headers: { ...sse, 'last-event-id': 'x' } })
    expect(response.status).toBe(400)
  })
})
