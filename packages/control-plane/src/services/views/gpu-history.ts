import type { GpuHistoryJson } from '@navarch/api/views'
import type { FleetNode } from '@navarch/core/node/node'
import type { NodeJob } from './node-jobs.ts'
import type { ViewContext } from './view-context.ts'

/** A GPU of a node with its last hour. @param jobs of the node */
export function gpuHistory(
  context: ViewContext,
  node: FleetNode,
  gpu: FleetNode['gpus'][number],
  jobs: readonly NodeJob[],
  now: number,
): GpuHistoryJson {
  const fresh = node.sampledAt !== undefined && now - node.sampledAt <= context.silentAfterMs
  const sample = fresh
    ? node.samples.find((each) => (each.uuid === undefined ? each.index === gpu.index : each.uuid === gpu.uuid))
    : undefined
  const hour = context.rings.hourOf(node.id, gpu.uuid)
  const mine = node.findings.filter((finding) =>
    finding.gpuUuid === undefined ? finding.gpuIndex === gpu.index : finding.gpuUuid === gpu.uuid,
  )
  return {
    index: gpu.index,
    uuid: gpu.uuid,
    name: gpu.name,
    memory_total: gpu.memoryTotalBytes ?? null,
    memory_used: sample?.memoryUsedBytes ?? null,
    utilization: sample?.utilizationPercent ?? null,
    temperature: sample?.temperatureCelsius ?? null,
    power: sample?.powerWatts ?? null,
    ecc: { corrected: sample?.eccCorrected ?? null, uncorrected: sample?.eccUncorrected ?? null },
    remapped: {
      rows: sample?.remappedRows ?? null,
      pending: sample?.remapPending ?? null,
      failed: sample?.remapFailed ?? null,
    },
    xids: [...new Set(mine.flatMap((finding) => finding.xid ?? []))].sort((a, b) => a - b),
    ...holderOf(jobs, gpu.uuid),
    history_from: hour?.from ?? now,
    utilization_history: hour?.utilization ?? [],
    temperature_history: hour?.temperature ?? [],
  }
}

/** The running job that has the GPU; "" where none has, or nobody says which. */
function holderOf(jobs: readonly NodeJob[], uuid: string): { job: string; user: string } {
  const holder = jobs.find((job) => job.to === undefined && job.uuids.includes(uuid))
  return { job: holder?.id ?? '', user: holder?.user ?? '' }
}
