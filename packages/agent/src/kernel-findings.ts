import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { FindingSchema, type Finding as WireFinding } from '@navarch/api/control-plane'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { KernelLogLine } from '@navarch/gpu/kernel-log'
import { createKernelLogParser, type KernelLogEvent } from '@navarch/gpu/kernel-log-line'

/** The same fault of the same GPU within this time says nothing new. A broken GPU can write thousands of lines a second. */
const quietMs = 5000
const mostKinds = 256

/** A fault of the kernel log and where it struck. */
export interface KernelFault {
  id: string
  event: KernelLogEvent
  at: number
  gpu: Pick<GpuReading, 'uuid' | 'index'> | undefined
}

/**
 * Turns lines of the kernel log into faults; repeats within seconds are left out.
 * @param gpus the GPUs as last seen
 */
export function createKernelFaultReader(
  node: string,
  gpus: () => readonly Pick<GpuReading, 'uuid' | 'index' | 'pciBusId'>[],
): (line: KernelLogLine) => KernelFault | undefined {
  const parse = createKernelLogParser()
  const lastRaised = new Map<string, number>()
  return (line) => {
    const event = parse(line.text)
    if (!event) return undefined
    const kind = `${codeOf(event)} ${event.pciBusId ?? ''}`
    const before = lastRaised.get(kind)
    // XID 154 tells of a change: one that follows another within seconds is another change.
    const repeats = before !== undefined && Math.abs(line.at - before) < quietMs
    if (repeats && codeOf(event) !== 'xid-154') return undefined
    lastRaised.delete(kind)
    lastRaised.set(kind, line.at)
    const [oldest] = lastRaised.keys()
    if (lastRaised.size > mostKinds && oldest !== undefined) lastRaised.delete(oldest)
    const gpu = event.pciBusId === undefined ? undefined : gpus().find((one) => one.pciBusId === event.pciBusId)
    return { id: `${node}/${line.id}`, event, at: line.at, gpu: event.kind === 'xid' ? gpu : undefined }
  }
}

/** The fault as it travels: unclassified, with its line. */
export function faultToWire({ id, event, at, gpu }: KernelFault): WireFinding {
  return create(FindingSchema, {
    id,
    source: 'kernel-log',
    code: codeOf(event),
    xid: event.kind === 'xid' ? event.xid : 0,
    gpuUuid: gpu?.uuid ?? '',
    gpuIndex: gpu?.index ?? -1,
    pciBusId: event.pciBusId ?? '',
    message: event.message,
    evidence: event.line,
    at: timestampFromMs(at),
    recoveryAction: (event.kind === 'xid' && event.recoveryAction) || '',
  })
}

function codeOf(event: KernelLogEvent): string {
  return event.kind === 'xid' ? `xid-${event.xid}` : `sxid-${event.sxid}`
}
