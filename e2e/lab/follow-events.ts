import type { EventJson } from '@navarch/api/rest'

/** Resolves with the first event, from now on, that fits. Rejects after `withinMs`. */
export async function nextEvent(
  url: string,
  fits: (event: EventJson) => boolean,
  withinMs: number,
): Promise<EventJson> {
  const response = await fetch(`${url}/api/v1/events`, {
    headers: { accept: 'text/event-stream' },
    signal: AbortSignal.timeout(withinMs),
  })
  if (!response.ok || !response.body) throw new Error(`events: ${response.status}`)
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('data:')) continue
      const event: EventJson = JSON.parse(line.slice(5))
      if (fits(event)) return event
    }
  }
  throw new Error('the stream of events ended')
}
