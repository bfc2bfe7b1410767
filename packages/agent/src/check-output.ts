import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { CheckOutcome, CheckResult } from './check.ts'

/** The check as one JSON object; keys as in the REST API, and what was not reported is left out. */
export function checkAsJson(result: CheckResult): string {
  const { node, outcome, notes, gpus, findings } = result
  const content = {
    node,
    outcome,
    notes,
    gpus: gpus.map((gpu) => ({
      index: gpu.index,
      uuid: gpu.uuid,
      name: gpu.name,
      pci_bus_id: gpu.pciBusId,
      driver_version: gpu.driverVersion,
      memory_total: gpu.memoryTotalBytes,
      memory_used: gpu.memoryUsedBytes,
      utilization_percent: gpu.utilizationPercent,
      temperature: gpu.temperatureCelsius,
      power_usage: gpu.powerWatts,
      recovery_action: gpu.recoveryAction,
      mig: gpu.migMode,
      lost: gpu.lost,
    })),
    findings: findings.map((finding) => ({
      code: finding.code,
      class: finding.class,
      fatal: finding.fatal,
      source: finding.source,
      xid: finding.xid,
      gpu_index: finding.gpuIndex,
      gpu_uuid: finding.gpuUuid,
      pci_bus_id: finding.pciBusId,
      message: finding.message,
      evidence: finding.evidence,
      at: new Date(finding.at).toISOString(),
    })),
  }
  return `${JSON.stringify(content, undefined, 2)}\n`
}

const conclusions: Record<CheckOutcome, string> = {
  healthy: 'healthy: nothing asks for attention',
  findings: 'not healthy: see the findings',
  unknown: 'cannot tell: the GPUs could not be looked at',
}

/** The check as tables for people. */
export function checkAsTable({ node, outcome, notes, gpus, findings }: CheckResult): string {
  const inventory = table(
    ['GPU', 'NAME', 'UUID', 'BUS', 'TEMP', 'POWER', 'UTIL', 'MEMORY', 'RECOVERY'],
    gpus.map(gpuRow),
  )
  const found = table(
    ['FINDING', 'CLASS', 'GPU', 'MESSAGE'],
    findings.map((finding) => [
      finding.code,
      finding.class,
      finding.gpuIndex?.toString() ?? finding.pciBusId ?? '-',
      finding.message,
    ]),
  )
  const parts = [gpus.length > 0 ? inventory : 'no GPUs seen\n', findings.length > 0 ? found : '']
  const closing = [...notes, `${node}: ${conclusions[outcome]}`].map((line) => `${line}\n`).join('')
  return [...parts.filter((part) => part !== ''), closing].join('\n')
}

function gpuRow(gpu: GpuReading): string[] {
  const shown = (value: number | undefined, unit: string) => (value === undefined ? '-' : `${Math.round(value)}${unit}`)
  const gib = (bytes: number | undefined) => (bytes === undefined ? '-' : (bytes / 1024 ** 3).toFixed(1))
  return [
    gpu.index?.toString() ?? '-',
    gpu.name ?? (gpu.lost ? 'lost' : '-'),
    gpu.uuid ?? '-',
    gpu.pciBusId ?? '-',
    shown(gpu.temperatureCelsius, ' C'),
    shown(gpu.powerWatts, ' W'),
    shown(gpu.utilizationPercent, ' %'),
    `${gib(gpu.memoryUsedBytes)}/${gib(gpu.memoryTotalBytes)} GiB`,
    gpu.recoveryAction ?? '-',
  ]
}

function table(header: string[], rows: string[][]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const format = (row: string[]) =>
    `${row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`
  return [header, ...rows].map(format).join('')
}
