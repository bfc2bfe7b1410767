import type { Fleet } from '../fleet/fleet.ts'
import { renderEvent } from './render.ts'
import type { EventService } from './services.ts'

export function createEventService(fleet: Fleet): EventService {
  return {
    since: async (after, limit) => (await fleet.history.eventsSince(after, limit)).map(renderEvent),
    latest: () => fleet.lastSeq(),
    subscribe: (listener) =>
      fleet.subscribe((changes) => {
        for (const change of changes) if (change.kind === 'event') listener(renderEvent(change.event))
      }),
  }
}
