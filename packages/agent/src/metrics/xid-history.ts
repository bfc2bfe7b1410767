import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { GpuXid } from '@navarch/metrics/gpu/gpu-xid'
import type { Log } from '@navarch/system/log'
import type { KernelFault } from '../kernel-findings.ts'

/** XID errors of this boot of the machine, over restarts of the agent. */
export interface XidHistory {
  all(): readonly GpuXid[]
  /** @param gpus the GPUs as last seen */
  add(fault: KernelFault, gpus: readonly GpuReading[]): void
  close(): Promise<void>
}

/** More codes and GPUs than a machine has: a kernel log gone mad must fill neither memory nor metrics. */
const mostEntries = 256

/**
 * @param path undefined: nothing is kept on disk
 * @param bootId errors of an earlier boot are over
 */
export async function openXidHistory(path: string | undefined, bootId: string, log: Log): Promise<XidHistory> {
  const text = path === undefined ? '' : await readFile(path, 'utf8').catch(() => '')
  const entries = new Map(parseXids(text, bootId).map((xid) => [keyOf(xid), xid]))
  let work: Promise<void> = Promise.resolve()
  let isWaiting = false

  const save = (): void => {
    if (path === undefined || isWaiting) return
    isWaiting = true
    work = work
      .then(async () => {
        isWaiting = false
        await mkdir(dirname(path), { recursive: true })
        await writeFile(`${path}.new`, `${JSON.stringify({ bootId, xids: [...entries.values()] })}\n`, { mode: 0o600 })
        await rename(`${path}.new`, path)
      })
      .catch((error: unknown) => log.error('XID errors not saved', { error: String(error) }))
  }
  return {
    all: () => [...entries.values()],
    add: ({ event, at, gpu }, gpus) => {
      if (event.kind !== 'xid') return
      const seen = gpus.find(({ pciBusId }) => pciBusId !== undefined && pciBusId === event.pciBusId)
      const about = identityOf({ pciBusId: event.pciBusId, uuid: gpu?.uuid, index: gpu?.index, name: seen?.name })
      const fresh: GpuXid = { xid: event.xid, count: 1, lastAt: at, gpu: about }
      const before = entries.get(keyOf(fresh))
      if (!before && entries.size >= mostEntries) return
      entries.set(keyOf(fresh), before ? { ...before, count: before.count + 1, lastAt: at } : fresh)
      save()
    },
    close: () => work,
  }
}

function keyOf({ xid, gpu }: GpuXid): string {
  return `${xid} ${gpu.pciBusId ?? gpu.uuid ?? ''}`
}

function identityOf(about: { [K in keyof GpuXid['gpu']]: GpuXid['gpu'][K] | undefined }): GpuXid['gpu'] {
  return Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined))
}

/** What cannot be read is forgotten: the count begins anew. */
function parseXids(text: string, bootId: string): GpuXid[] {
  try {
    const content = JSON.parse(text)
    if (content.bootId !== bootId || !Array.isArray(content.xids)) return []
    return content.xids.filter(isGpuXid)
  } catch {
    return []
  }
}

function isGpuXid(value: unknown): value is GpuXid {
  if (typeof value !== 'object' || value === null) return false
  const { xid, count, lastAt, gpu } = value as Record<string, unknown>
  if (![xid, count, lastAt].every((one) => typeof one === 'number') || typeof gpu !== 'object' || gpu === null)
    return false
  const { index, uuid, pciBusId, name } = gpu as Record<string, unknown>
  const isText = (one: unknown) => one === undefined || typeof one === 'string'
  return (index === undefined || typeof index === 'number') && [uuid, pciBusId, name].every(isText)
}
