import { readFile } from 'node:fs/promises'
import { hostname, networkInterfaces, release, uptime } from 'node:os'
import type { Clock } from '@navarch/system/clock'

/** The machine that an agent runs on. */
export interface Machine {
  hostname: string
  internalIp: string
  kernelVersion: string
  /** Tells a restarted agent from a restarted machine. */
  bootId: string
  /** ms since the epoch. */
  bootedAt: number
  /** How busy it was since the last call; what cannot be read is absent. */
  load(): Promise<MachineLoad>
}

export interface MachineLoad {
  cpuPercent?: number
  memoryPercent?: number
}

/** Reads what does not change while the machine runs. */
export async function readMachine(clock: Clock): Promise<Machine> {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return {
    hostname: hostname(),
    internalIp: internalAddress(),
    kernelVersion: release(),
    bootId: bootId.trim(),
    bootedAt: Math.round(clock.now() - uptime() * 1000),
    load: createLoadReader(),
  }
}

function internalAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return addresses.find((entry) => !entry.internal && entry.family === 'IPv4')?.address ?? ''
}

function createLoadReader(): () => Promise<MachineLoad> {
  let last: CpuTimes | undefined
  return async () => {
    const read = (path: string) => readFile(path, 'utf8').catch(() => '')
    const [stat, meminfo] = await Promise.all([read('/proc/stat'), read('/proc/meminfo')])
    const times = parseCpuTimes(stat)
    const cpuPercent = last && times && cpuPercentBetween(last, times)
    const memoryPercent = parseMemoryPercent(meminfo)
    last = times
    return {
      ...(cpuPercent !== undefined && { cpuPercent }),
      ...(memoryPercent !== undefined && { memoryPercent }),
    }
  }
}

/** Clock ticks since boot. */
export interface CpuTimes {
  busy: number
  total: number
}

/** Reads the first line of /proc/stat. Source: proc_stat(5). */
export function parseCpuTimes(stat: string): CpuTimes | undefined {
  const ticks = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.trim().split(/ +/).map(Number)
  if (!ticks || ticks.length < 8) return undefined
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks
  const busy = user + nice + system + irq + softirq + steal
  return { busy, total: busy + idle + iowait }
}

/** Reads /proc/meminfo: the share that is not available. */
export function parseMemoryPercent(meminfo: string): number | undefined {
  const kib = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(meminfo)?.[1])
  const percent = 100 * (1 - kib('MemAvailable') / kib('MemTotal'))
  return Number.isFinite(percent) ? percent : undefined
}

function cpuPercentBetween(before: CpuTimes, after: CpuTimes): number | undefined {
  const total = after.total - before.total
  return total > 0 ? (100 * (after.busy - before.busy)) / total : undefined
}
