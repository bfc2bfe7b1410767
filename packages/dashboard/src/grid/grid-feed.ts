import type { FleetNodeJson } from '@navarch/api/views'
import { useEffect, useLayoutEffect, useMemo, useState } from 'react'
import { useFleetStore } from '../api/fleet-hooks.ts'
import { after, now } from '../lib/browser.ts'
import { stylesOf } from './cell-style.ts'
import { createGridModel, type GridModel, type GridSettings, moveStepMs } from './grid-model.ts'

export type GridNews = ReturnType<GridModel['renew']>

/** The grid's model, renewed with every frame in which the fleet changed. */
export interface GridFeed {
  model: GridModel
  /** Told after each renewal. */
  listen(listener: (news: GridNews) => void): () => void
}

/** One model for all that shows the same filter: grid, legend, table. @param settings kept by the caller until they change */
export function useGridFeed(settings: GridSettings): GridFeed {
  const store = useFleetStore()
  const feed = useMemo(() => {
    const listeners = new Set<(news: GridNews) => void>()
    const model = createGridModel()
    let cancel: (() => void) | undefined
    const renew = (wanted: GridSettings) => {
      cancel?.()
      cancel = undefined
      const { nodes, clockOffset } = store.get()
      const news = model.renew(nodes, wanted, now() + clockOffset)
      if (news !== 'same') for (const listener of listeners) listener(news)
      if (model.isBehind) cancel = after(moveStepMs, () => renew(wanted))
    }
    return {
      model,
      renew,
      stop: () => cancel?.(),
      listen(listener: (news: GridNews) => void) {
        listeners.add(listener)
        return () => {
          listeners.delete(listener)
        }
      },
    }
  }, [store])
  useLayoutEffect(() => {
    feed.renew(settings)
    const unsubscribe = store.subscribe(() => feed.renew(settings))
    return () => {
      unsubscribe()
      feed.stop()
    }
  }, [feed, store, settings])
  return feed
}

/** What legend and table show: as it was when they were last renewed. */
export interface GridSnapshot {
  rows: readonly FleetNodeJson[]
  /** Nodes of each look of `stylesOf(color)`. */
  counts: readonly number[]
  slots: ReadonlyMap<string, number>
  powerTop: number
  color: GridSettings['color']
}

/** A copy of the model, at most every `everyMs`. */
export function useGridSnapshot(feed: GridFeed, everyMs = 400): GridSnapshot {
  const store = useFleetStore()
  const [snapshot, setSnapshot] = useState(() => snapshotOf(feed.model))
  useEffect(() => {
    let cancel: (() => void) | undefined
    const renew = () => {
      cancel = undefined
      setSnapshot(snapshotOf(feed.model))
    }
    setSnapshot(snapshotOf(feed.model))
    // Values that change no look are told by the store alone.
    const stops = [
      feed.listen((news) => {
        if (news === 'all') {
          cancel?.()
          renew()
        }
      }),
      store.subscribe(() => {
        cancel ??= after(everyMs, renew)
      }),
    ]
    return () => {
      cancel?.()
      for (const stop of stops) stop()
    }
  }, [feed, store, everyMs])
  return snapshot
}

function snapshotOf(model: GridModel): GridSnapshot {
  const counts = stylesOf(model.settings.color).map(() => 0)
  for (const style of model.styles) counts[style] = (counts[style] ?? 0) + 1
  const { slots, powerTop, settings } = model
  return { rows: [...model.rows], counts, slots: new Map(slots), powerTop, color: settings.color }
}
