import type { EventJson } from '@navarch/api/rest'
import {
  type FleetDeltaJson,
  type FleetJson,
  type FleetNodeJson,
  type FreshnessJson,
  viewRoutes,
} from '@navarch/api/views'
import { after, now } from '../lib/browser.ts'
import { getJson } from './request.ts'

/** The fleet as the page knows it. Replaced, never modified, when something changes. */
export interface FleetState {
  revision: number
  /** By id; the map itself is kept, and `version` rises with each change. */
  nodes: ReadonlyMap<string, FleetNodeJson>
  version: number
  freshness: FreshnessJson | undefined
  /** ms since the epoch; when the server was last heard. */
  heardAt: number
  /** Server's clock less ours, ms: ages are told by the server's. */
  clockOffset: number
  connection: 'connecting' | 'live' | 'lost'
  problem: string
}

export interface FleetStore {
  get(): FleetState
  subscribe(listener: () => void): () => void
  /** Calls back for each event of the fleet's history. */
  onEvent(listener: (event: EventJson) => void): () => void
  start(): void
  stop(): void
}

/** What the store needs of a browser; tests hand in their own. */
export interface FleetStoreDeps {
  now: () => number
  requestFrame: (callback: () => void) => void
  openStream: (url: string) => EventSource
  load: () => Promise<FleetJson>
  later: (callback: () => void, ms: number) => () => void
}

/** Waits between attempts to connect again, ms; the last is repeated. */
const retryWaits = [500, 1000, 2000, 5000, 10_000]

/** The server gives a sign of life every 5 s; a stream that is silent for so long is dead, ms. */
const silenceMs = 15_000

/**
 * One stream of changes for the whole page. Deltas are applied as they come and told once per frame.
 * A stream that breaks is opened again from the revision that is here.
 */
export function createFleetStore(deps: FleetStoreDeps): FleetStore {
  const nodes = new Map<string, FleetNodeJson>()
  const listeners = new Set<() => void>()
  const eventListeners = new Set<(event: EventJson) => void>()
  let state: FleetState = {
    revision: 0,
    nodes,
    version: 0,
    freshness: undefined,
    heardAt: 0,
    clockOffset: 0,
    connection: 'connecting',
    problem: '',
  }
  let stream: EventSource | undefined
  let cancelRetry: (() => void) | undefined
  let cancelWatch: (() => void) | undefined
  let attempts = 0
  let isStopped = true
  let isScheduled = false

  const change = (part: Partial<FleetState>) => {
    state = { ...state, ...part }
    if (isScheduled) return
    isScheduled = true
    deps.requestFrame(() => {
      isScheduled = false
      for (const listener of listeners) listener()
    })
  }

  const heard = (freshness: FreshnessJson | undefined): Partial<FleetState> => ({
    heardAt: deps.now(),
    connection: 'live',
    problem: '',
    ...(freshness ? { freshness, clockOffset: Date.parse(freshness.now) - deps.now() } : {}),
  })

  const replaceAll = (fleet: FleetJson) => {
    nodes.clear()
    for (const node of fleet.nodes) nodes.set(node.id, node)
    change({ revision: fleet.revision, version: state.version + 1, ...heard(fleet.freshness) })
  }

  const applyDelta = (delta: FleetDeltaJson) => {
    for (const node of delta.changed) nodes.set(node.id, node)
    for (const id of delta.removed) nodes.delete(id)
    change({ revision: delta.revision, version: state.version + 1, ...heard(undefined) })
  }

  const connect = async () => {
    try {
      if (state.revision === 0) replaceAll(await deps.load())
      if (isStopped) return
      listen(deps.openStream(`${viewRoutes.fleetLive}?after=${state.revision}`))
    } catch (error) {
      retry(error instanceof Error ? error.message : 'the fleet cannot be read')
    }
  }

  const listen = (source: EventSource) => {
    stream = source
    const giveUp = (problem: string) => {
      cancelWatch?.()
      source.close()
      retry(problem)
    }
    const watch = () => {
      cancelWatch?.()
      const problem = `the control plane has said nothing for ${silenceMs / 1000} s`
      cancelWatch = deps.later(() => giveUp(problem), silenceMs)
    }
    watch()
    source.onopen = () => {
      attempts = 0
      change(heard(undefined))
    }
    source.onerror = () => giveUp('the control plane cannot be reached')
    source.addEventListener('fleet', (event) => {
      watch()
      const data: FleetDeltaJson | FleetJson = JSON.parse(event.data)
      if ('nodes' in data) replaceAll(data)
      else applyDelta(data)
    })
    source.addEventListener('freshness', (event) => {
      watch()
      change(heard(JSON.parse(event.data)))
    })
    source.addEventListener('event', (event) => {
      watch()
      change(heard(undefined))
      const data: EventJson = JSON.parse(event.data)
      for (const listener of eventListeners) listener(data)
    })
  }

  const retry = (problem: string) => {
    if (isStopped) return
    change({ connection: 'lost', problem })
    const wait = retryWaits[Math.min(attempts, retryWaits.length - 1)] ?? 10_000
    attempts += 1
    cancelRetry = deps.later(() => void connect(), wait)
  }

  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onEvent(listener) {
      eventListeners.add(listener)
      return () => eventListeners.delete(listener)
    },
    start() {
      if (!isStopped) return
      isStopped = false
      void connect()
    },
    stop() {
      isStopped = true
      cancelRetry?.()
      cancelWatch?.()
      stream?.close()
    },
  }
}

/** The browser's. */
export const browserFleetDeps: FleetStoreDeps = {
  now,
  requestFrame: (callback) => requestAnimationFrame(callback),
  openStream: (url) => new EventSource(url),
  load: () => getJson<FleetJson>(viewRoutes.fleet),
  later: (callback, ms) => after(ms, callback),
}
