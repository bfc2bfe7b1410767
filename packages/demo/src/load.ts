import type { LoadKind, SimulatedJob } from './simulated-slurm/cluster.ts'

/** What one GPU of a job does at a moment. */
export interface GpuLoad {
  utilizationPercent: number
  /** Share of the GPU's memory, 0 to 1. */
  memory: number
}

/** Percent of its CPUs that a job of each kind keeps busy. */
const cpuPercent: Record<LoadKind, number> = {
  training: 38,
  inference: 22,
  interactive: 6,
  sweep: 71,
  idle: 1,
  leaking: 45,
}

/**
 * What a GPU of a job shows some time after the job's start.
 * @param phase tells GPUs of one job apart, 0 to 1
 * @param noise a number in [0, 1)
 */
export function gpuLoad(kind: LoadKind, elapsedMs: number, phase: number, noise: number): GpuLoad {
  const seconds = elapsedMs / 1000
  const wave = Math.sin(2 * Math.PI * (seconds / 40 + phase))
  const warm = 1 - Math.exp(-seconds / 8)
  switch (kind) {
    case 'training': {
      // A checkpoint now and then.
      const saves = seconds % 25 > 23
      return { utilizationPercent: saves ? 12 : Math.round(warm * (91 + 5 * wave + 4 * noise)), memory: 0.87 * warm }
    }
    case 'inference':
      return { utilizationPercent: Math.round(55 + 25 * wave + 8 * noise), memory: 0.52 }
    case 'interactive':
      return { utilizationPercent: wave > 0.5 ? Math.round(40 + 30 * noise) : 0, memory: 0.11 }
    case 'sweep':
      return { utilizationPercent: Math.round(74 + 12 * wave + 6 * noise), memory: 0.35 * warm }
    case 'leaking':
      return { utilizationPercent: Math.round(68 + 10 * noise), memory: Math.min(0.95, 0.3 + seconds / 60) }
    case 'idle':
      return { utilizationPercent: 0, memory: 0.02 }
  }
}

/** What a job's processes on a node have used until a moment. */
export interface HostLoad {
  cpuSeconds: number
  memoryBytes: number
  readBytes: number
  writeBytes: number
  oomKills: number
}

/** @param cpus and `memoryBytes`: what the job has on the node */
export function hostLoad(
  job: Pick<SimulatedJob, 'load' | 'outcome' | 'durationMs'>,
  elapsedMs: number,
  { cpus, memoryBytes }: { cpus: number; memoryBytes: number },
): HostLoad {
  const seconds = Math.max(0, elapsedMs) / 1000
  const part = Math.min(1, elapsedMs / job.durationMs)
  const grown =
    job.outcome === 'OUT_OF_MEMORY' ? part : job.load === 'idle' ? 0.01 : 0.12 + 0.35 * (1 - Math.exp(-seconds / 20))
  const perSecond = job.load === 'training' || job.load === 'sweep' ? 180e6 : 9e6
  return {
    cpuSeconds: (seconds * cpus * cpuPercent[job.load]) / 100,
    memoryBytes: Math.round(memoryBytes * Math.min(1, grown)),
    readBytes: Math.round(seconds * perSecond),
    writeBytes: Math.round(Math.floor(seconds / 25) * 2e9),
    oomKills: job.outcome === 'OUT_OF_MEMORY' && part >= 1 ? 1 : 0,
  }
}
