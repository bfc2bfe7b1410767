import type { EventJson } from '@navarch/api/rest'
import type { EventService } from '../../services/services.ts'
import { type FollowOptions, followEvents } from '../follow-events.ts'

const encoder = new TextEncoder()

/**
 * Events as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): `id` is the event's
 * number, with which a client resumes in `Last-Event-ID`, and comments keep the connection alive. The response ends
 * when the signal aborts.
 */
export function eventStream(events: EventService, after: number, options: FollowOptions): Response {
  const cancelled = new AbortController()
  const signal = AbortSignal.any([options.signal, cancelled.signal])
  const following = followEvents(events, after, { ...options, signal })
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(': events\n\n')),
    async pull(controller) {
      const next = await following.next()
      if (next.done) controller.close()
      else controller.enqueue(encoder.encode(eventText(next.value)))
    },
    cancel() {
      cancelled.abort()
      // Between two events nothing else would end it.
      void following.return()
    },
  })
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  return new Response(body, { headers })
}

function eventText(event: EventJson | undefined): string {
  return event ? `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n` : ': keep-alive\n\n'
}
