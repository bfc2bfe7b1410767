import type { WorkItem } from '../demand/count-demand.ts'
import type { JobNeeds } from '../demand/job-needs.ts'
import type { NodeShape } from '../pool/node-shape.ts'

/** What is free on one node. */
export interface FreeNode {
  cpus: number
  /** MiB. */
  memoryMb: number
  gpus: number
  /** Nothing runs there, and all of it is free. */
  empty: boolean
}

export interface Packing {
  /** Empty nodes of `free` that get work, by index. */
  used: number[]
  /** New nodes that the rest takes. */
  added: number
}

interface Bin extends FreeNode {
  /** Index in `free`; undefined for a new node. */
  index?: number
  touched: boolean
}

/**
 * Packs whole jobs, in their order, onto what is free and then onto new nodes: first fit. A job of several nodes gets them
 * all or opens new ones for what is missing. Needs that exceed the shape must have been left out before.
 * @param shape of a new node; undefined: not known, so each job takes whole nodes
 */
export function packWork(work: readonly WorkItem[], free: readonly FreeNode[], shape: NodeShape | undefined): Packing {
  const bins: Bin[] = free.map((node, index) => ({ ...node, index, touched: false }))
  for (const item of work) {
    // Copies are alike: what had no room for one has none for the next.
    let cursor = 0
    for (let copy = 0; copy < item.copies; copy++) {
      let missing = item.needs.nodes
      for (let at = cursor; at < bins.length && missing > 0; at++) {
        const bin = bins[at]
        if (!bin || !take(bin, item.needs, shape)) {
          if (at === cursor) cursor++
          continue
        }
        missing--
      }
      for (; missing > 0; missing--) {
        const bin: Bin = {
          cpus: shape?.cpus ?? 0,
          memoryMb: shape?.memoryMb ?? 0,
          gpus: shape?.gpus ?? 0,
          empty: true,
          touched: false,
        }
        take(bin, item.needs, shape, true)
        bins.push(bin)
      }
    }
  }
  return {
    used: bins.flatMap((bin) => (bin.index !== undefined && bin.touched && free[bin.index]?.empty ? [bin.index] : [])),
    added: bins.length - free.length,
  }
}

/** Takes a job's share of one node, if it fits. */
function take(bin: Bin, needs: JobNeeds, shape: NodeShape | undefined, force = false): boolean {
  const { cpus, memoryMb, gpus } = needs.perNode
  if (!shape || needs.exclusive || memoryMb === Number.POSITIVE_INFINITY) {
    const fits = bin.empty && (!shape || (gpus <= bin.gpus && cpus <= bin.cpus))
    if (!fits && !force) return false
    Object.assign(bin, { cpus: 0, memoryMb: 0, gpus: 0, empty: false, touched: true })
    return true
  }
  const hasRoom = cpus <= bin.cpus && memoryMb <= bin.memoryMb && gpus <= bin.gpus && bin.cpus > 0
  if (!hasRoom && !force) return false
  bin.cpus -= cpus
  bin.memoryMb -= memoryMb
  bin.gpus -= gpus
  bin.empty = false
  bin.touched = true
  return true
}
