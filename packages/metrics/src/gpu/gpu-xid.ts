import type { GpuReading } from '@navarch/gpu/gpu-reading'

/** XID errors of one code on one GPU. */
export interface GpuXid {
  xid: number
  /** How often it came in this boot of the machine. */
  count: number
  /** When it came last, ms since the epoch. */
  lastAt: number
  /** The GPU as it was known when the error came: one that fell off the bus says nothing of itself any more. */
  gpu: Pick<GpuReading, 'index' | 'uuid' | 'pciBusId' | 'name'>
}

/** Whether an error is this GPU's: by UUID where both are known, else by PCI address. */
function isXidOf(xid: GpuXid, gpu: Pick<GpuReading, 'uuid' | 'pciBusId'>): boolean {
  const { uuid, pciBusId } = xid.gpu
  if (uuid !== undefined && gpu.uuid !== undefined) return uuid === gpu.uuid
  return pciBusId !== undefined && pciBusId === gpu.pciBusId
}

/** The code of the last error of a GPU; 0 when there was none, as DCGM has it. */
export function lastXidOf(xids: readonly GpuXid[], gpu: Pick<GpuReading, 'uuid' | 'pciBusId'>): number {
  const own = xids.filter((xid) => isXidOf(xid, gpu))
  return (
    own.reduce<GpuXid | undefined>((last, xid) => (last && last.lastAt > xid.lastAt ? last : xid), undefined)?.xid ?? 0
  )
}
