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
 * Both may grow by a third or more when their queues do.
 * A small third pool only recommends: what it wants waits for a person.
 * @param nodes at least 2
 * @param speed divides the durations of jobs, waves and cooldowns
 */
export function planDemo(nodes: number, speed: number): DemoPlan {
  const lab = nodes >= leastForLab ? 2 : 0
  const dev = Math.max(1, Math.round(nodes / 4) - lab)
  const train = nodes - dev - lab
  const most = { train: Math.ceil(train * 1.35), dev: Math.ceil(dev * 1.5), lab: 2 * lab }
  const configText = yaml({ train, dev, lab, most, cooldown: Math.max(1, Math.round(12 / speed)) })
  const parsed = parseConfig(configText, { file: 'demo.yaml', home: '/' })
  if (parsed.errors) throw new Error(parsed.errors.map(formatProblem).join('\n'))
  return {
    configText,
    config: parsed.config,
    partitions: [
      { name: 'train', names: most.train + 8 },
      { name: 'dev', names: most.dev + 4 },
      ...(lab > 0 ? [{ name: 'lab', names: most.lab + 2 }] : []),
    ],
    waves: [
      {
        partition: 'train',
        lowGpus: Math.round(train * gpusPerNode * 0.7),
        // More than there can be: at high tide jobs wait.
        highGpus: Math.round(most.train * gpusPerNode * 1.2),
        periodMs: 150_000 / speed,
        kinds: [
          { name: 'pretrain', nodeCount: Math.min(4, train), gpusPerNode },
          { name: 'finetune', nodeCount: Math.min(2, train), gpusPerNode },
          { name: 'eval', nodeCount: 1, gpusPerNode, load: 'inference' },
          { name: 'sweep', nodeCount: 1, gpusPerNode, load: 'sweep' },
        ],
        durationMs: [15_000 / speed, 90_000 / speed],
      },
      {
        partition: 'dev',
        lowGpus: Math.round(dev * gpusPerNode * 0.3),
        highGpus: Math.round(most.dev * gpusPerNode * 0.9),
        periodMs: 100_000 / speed,
        kinds: [
          { name: 'notebook', nodeCount: 1, gpusPerNode: 1, load: 'interactive' },
          { name: 'jupyter', nodeCount: 1, gpusPerNode: 1, load: 'idle' },
          { name: 'debug', nodeCount: 1, gpusPerNode: 2 },
          { name: 'profile', nodeCount: 1, gpusPerNode: 4, load: 'leaking' },
        ],
        durationMs: [12_000 / speed, 60_000 / speed],
      },
      ...(lab > 0
        ? [
            {
              partition: 'lab',
              lowGpus: 12,
              highGpus: 28,
              periodMs: 400_000 / speed,
              kinds: [{ name: 'benchmark', nodeCount: 1, gpusPerNode: 4, load: 'sweep' as const }],
              durationMs: [30_000 / speed, 120_000 / speed] as const,
            },
          ]
        : []),
    ],
  }
}

/** Fleets that are smaller have no pool that asks before it acts. */
const leastForLab = 8

interface Sizes {
  train: number
  dev: number
  /** 0: there is none. */
  lab: number
  most: { train: number; dev: number; lab: number }
  /** Seconds. */
  cooldown: number
}

function yaml({ train, dev, lab, most, cooldown }: Sizes): string {
  const labPool = `
  - name: lab
    provider: fake
    instance_type: gpu_8x_h100_sxm5
    mode: recommend
    min_nodes: ${lab}
    max_nodes: ${most.lab}
    cooldown: ${cooldown}s
    autoscaling:
      type: slurm
    health:
      unhealthy_threshold: 2
      auto_replace: true
`
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
${lab > 0 ? labPool : ''}`
}
