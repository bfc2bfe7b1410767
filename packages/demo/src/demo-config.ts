import type { NavarchConfig } from '@navarch/config/navarch-config'
import { parseConfig } from '@navarch/config/parse-config'
import { formatProblem } from '@navarch/config/problem'
import type { PartitionPlan } from './simulated-slurm/cluster.ts'
import type { WavePlan } from './simulated-slurm/workload.ts'

/** What a demo of some size consists of. */
export interface DemoPlan {
  /** navarch-config.yaml, as an operator would write it. */
  configText: string
  config: NavarchConfig
  partitions: PartitionPlan[]
  waves: WavePlan[]
}

const gpusPerNode = 8

/**
 * Plans a fleet that starts with this many nodes: three quarters train large models, the rest is for development.
 * Both pools may grow by a third or more when their queues do.
 * @param nodes at least 2
 * @param speed divides the durations of jobs, waves and cooldowns
 */
export function planDemo(nodes: number, speed: number): DemoPlan {
  const dev = Math.max(1, Math.round(nodes / 4))
  const train = nodes - dev
  const most = { train: Math.ceil(train * 1.35), dev: Math.ceil(dev * 1.5) }
  const configText = yaml({ train, dev, most, cooldown: Math.max(1, Math.round(12 / speed)) })
  const parsed = parseConfig(configText, { file: 'demo.yaml', home: '/' })
  if (parsed.errors) throw new Error(parsed.errors.map(formatProblem).join('\n'))
  return {
    configText,
    config: parsed.config,
    partitions: [
      { name: 'train', names: most.train + 8 },
      { name: 'dev', names: most.dev + 4 },
    ],
    waves: [
      {
        partition: 'train',
        lowGpus: Math.round(train * gpusPerNode * 0.7),
        highGpus: most.train * gpusPerNode,
        periodMs: 150_000 / speed,
        kinds: [
          { name: 'pretrain', nodeCount: Math.min(4, train), gpusPerNode },
          { name: 'finetune', nodeCount: Math.min(2, train), gpusPerNode },
          { name: 'eval', nodeCount: 1, gpusPerNode },
          { name: 'sweep', nodeCount: 1, gpusPerNode },
        ],
        durationMs: [10_000 / speed, 45_000 / speed],
      },
      {
        partition: 'dev',
        lowGpus: Math.round(dev * gpusPerNode * 0.3),
        highGpus: Math.round(most.dev * gpusPerNode * 0.9),
        periodMs: 100_000 / speed,
        kinds: [
          { name: 'notebook', nodeCount: 1, gpusPerNode: 1 },
          { name: 'debug', nodeCount: 1, gpusPerNode: 2 },
          { name: 'profile', nodeCount: 1, gpusPerNode: 4 },
        ],
        durationMs: [8_000 / speed, 30_000 / speed],
      },
    ],
  }
}

interface Sizes {
  train: number
  dev: number
  most: { train: number; dev: number }
  /** Seconds. */
  cooldown: number
}

function yaml({ train, dev, most, cooldown }: Sizes): string {
  return `server:
  heartbeat_interval: 5s
  health_check_interval: 3s
  autoscale_interval: 2s

slurm:
  driver: cli
  poll_interval: 1s

pools:
  - name: train
    provider: fake
    instance_type: gpu_8x_h100_sxm5
    min_nodes: ${train}
    max_nodes: ${most.train}
    cooldown: ${cooldown}s
    autoscaling:
      type: slurm
    health:
      unhealthy_threshold: 2
      auto_replace: true

  - name: dev
    provider: fake
    instance_type: gpu_8x_h100_sxm5
    min_nodes: ${dev}
    max_nodes: ${most.dev}
    cooldown: ${cooldown}s
    autoscaling:
      type: slurm
    health:
      unhealthy_threshold: 2
      auto_replace: true
`
}
