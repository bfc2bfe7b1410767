import type { FleetNode } from '@navarch/core/node/node'

/** Minutes that are kept. */
const ringMinutes = 60
/** In place of a value that is not known. */
const unknown = 255
const minuteMs = 60_000

/** The last hour of one GPU, a value a minute, oldest first; null is not known. */
export interface GpuHour {
  /** ms since the epoch of the first value. */
  from: number
  utilization: (number | null)[]
  temperature: (number | null)[]
}

/** The last hour of every GPU, in memory: two bytes a minute for each, whatever their number. */
export interface GpuRings {
  /** Takes the newest readings of all nodes. Those that are old, or of GPUs that are gone, are unknown. */
  record(nodes: Iterable<FleetNode>, now: number): void
  /** Undefined: nothing was recorded of it. */
  hourOf(node: string, uuid: string): GpuHour | undefined
}

interface Ring {
  /** Minute since the epoch of the newest value. */
  minute: number
  values: Map<string, { utilization: Uint8Array; temperature: Uint8Array }>
}

/** @param silentAfterMs age from which a reading is no word of the present, ms */
export function createGpuRings(silentAfterMs: number): GpuRings {
  const rings = new Map<string, Ring>()

  function recordNode(node: FleetNode, minute: number, now: number): void {
    let ring = rings.get(node.id)
    if (!ring) {
      ring = { minute, values: new Map() }
      rings.set(node.id, ring)
    }
    const uuids = new Set(node.gpus.map((gpu) => gpu.uuid))
    for (const uuid of ring.values.keys()) if (!uuids.has(uuid)) ring.values.delete(uuid)
    for (const uuid of uuids) if (!ring.values.has(uuid)) ring.values.set(uuid, emptyValues())
    const skipped = Math.min(ringMinutes, minute - ring.minute)
    for (const { utilization, temperature } of ring.values.values()) {
      for (let back = 0; back < skipped; back++) {
        const slot = (minute - back) % ringMinutes
        utilization[slot] = unknown
        temperature[slot] = unknown
      }
    }
    ring.minute = minute
    if (node.sampledAt === undefined || now - node.sampledAt > silentAfterMs) return
    for (const sample of node.samples) {
      const uuid = sample.uuid ?? node.gpus.find((gpu) => gpu.index === sample.index)?.uuid
      const values = uuid === undefined ? undefined : ring.values.get(uuid)
      if (!values) continue
      values.utilization[minute % ringMinutes] = byteOf(sample.utilizationPercent)
      values.temperature[minute % ringMinutes] = byteOf(sample.temperatureCelsius)
    }
  }

  return {
    record(nodes, now) {
      const minute = Math.floor(now / minuteMs)
      const seen = new Set<string>()
      for (const node of nodes) {
        seen.add(node.id)
        if (node.gpus.length > 0) recordNode(node, minute, now)
      }
      for (const id of rings.keys()) if (!seen.has(id)) rings.delete(id)
    },
    hourOf(node, uuid) {
      const ring = rings.get(node)
      const values = ring?.values.get(uuid)
      if (!ring || !values) return undefined
      const first = ring.minute - ringMinutes + 1
      const read = (bytes: Uint8Array) =>
        Array.from({ length: ringMinutes }, (_, index) => {
          const value = bytes[(first + index) % ringMinutes]
          return value === undefined || value === unknown ? null : value
        })
      return { from: first * minuteMs, utilization: read(values.utilization), temperature: read(values.temperature) }
    },
  }
}

function emptyValues() {
  return {
    utilization: new Uint8Array(ringMinutes).fill(unknown),
    temperature: new Uint8Array(ringMinutes).fill(unknown),
  }
}

function byteOf(value: number | undefined): number {
  return value === undefined || !Number.isFinite(value)
    ? unknown
    : Math.min(unknown - 1, Math.max(0, Math.round(value)))
}
