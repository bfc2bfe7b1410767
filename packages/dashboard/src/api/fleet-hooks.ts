import type { FleetNodeJson } from '@navarch/api/views'
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import { every, now } from '../lib/browser.ts'
import type { FleetState, FleetStore } from './fleet-store.ts'

export const FleetContext = createContext<FleetStore | undefined>(undefined)

/** @throws Error outside of the frame */
export function useFleetStore(): FleetStore {
  const store = useContext(FleetContext)
  if (!store) throw new Error('no fleet store here')
  return store
}

/** The whole state; renders again with every change, at most once per frame. */
export function useFleet(): FleetState {
  const store = useFleetStore()
  return useSyncExternalStore(store.subscribe, store.get)
}

/** One node; undefined when there is none of that id. */
export function useFleetNode(id: string): FleetNodeJson | undefined {
  const store = useFleetStore()
  return useSyncExternalStore(store.subscribe, () => store.get().nodes.get(id))
}

/** Silence after which what is shown may be long untrue, ms. A connection that breaks and is back at once is no reason to frighten. */
const staleMs = 15_000

/** Whether nothing has been heard of the fleet for so long that what is shown is the past. @param time ours, ms */
export function isStale({ connection, heardAt }: Pick<FleetState, 'connection' | 'heardAt'>, time: number): boolean {
  return connection === 'lost' && heardAt > 0 && time - heardAt >= staleMs
}

/** `isStale` now; renders again only when that changes. */
export function useStale(): boolean {
  const store = useFleetStore()
  const [stale, setStale] = useState(() => isStale(store.get(), now()))
  useEffect(() => {
    const renew = () => setStale(isStale(store.get(), now()))
    const stops = [store.subscribe(renew), every(1000, renew)]
    return () => {
      for (const stop of stops) stop()
    }
  }, [store])
  return stale
}

/** The server's time, ms, renewed every `everyMs`. */
export function useNow(everyMs = 1000): number {
  const store = useFleetStore()
  const [time, setTime] = useState(() => now() + store.get().clockOffset)
  useEffect(() => every(everyMs, () => setTime(now() + store.get().clockOffset)), [store, everyMs])
  return time
}
