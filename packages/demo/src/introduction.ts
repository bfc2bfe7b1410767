import type { ControlPlane } from '@navarch/control-plane/control-plane'
import { listed } from '@navarch/core/count-words'
import type { DemoPlan } from './demo-config.ts'

export interface IntroductionFacts extends Pick<ControlPlane, 'url' | 'jobsUrl' | 'slurmMetricsUrl'> {
  plan: Pick<DemoPlan, 'config'>
  options: { nodes: number; history: boolean }
  logPath: string
}

/** What stands before the story: what runs, every port that was opened, what to look at, how to end it. */
export function introduction({ url, jobsUrl, slurmMetricsUrl, plan, options, logPath }: IntroductionFacts): string[] {
  const { port } = new URL(url)
  const server = port === '50051' ? '' : ` -s http://localhost:${port}`
  const pools = plan.config.pools.map(({ name, minNodes, maxNodes }) => `${name} (${minNodes} to ${maxNodes})`)
  const command = (text: string, meaning: string) => `  npx navarch${server} ${text.padEnd(24)}${meaning}`
  const place = (what: string, where: string) => `  ${what.padEnd(15)}${where}`
  // One that is taken by another program is not opened.
  const also = (what: string, at: string | undefined, path = '') =>
    at === undefined ? [] : [place(what, `http://localhost:${new URL(at).port}${path}`)]
  return [
    `Navarch demo: ${options.nodes} nodes with 8 simulated GPUs each, in pools ${listed(pools)}, under a simulated Slurm.`,
    '',
    place('dashboard', `http://localhost:${port}/`),
    place('address', `http://localhost:${port}`),
    ...also('job API alone', jobsUrl),
    ...also('Slurm exporter', slurmMetricsUrl, '/metrics'),
    place('logs', logPath),
    ...(options.history
      ? ['', 'The day before now is made up: faults, jobs and figures with "demo-day" in their names.']
      : []),
    '',
    'In a second terminal:',
    command('list', 'the fleet'),
    command('get train-001', 'one node, with its GPUs and faults'),
    command('operation list', 'what is being done, step by step'),
    command('pool explain train', 'why the pool has its size'),
    '',
    'Ctrl-C ends it and leaves nothing.',
    '',
  ]
}
