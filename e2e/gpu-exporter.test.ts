import { suites } from '@navarch/lab/roots'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type JobsOnSlurm, startJobsOnSlurm } from './lab/jobs-on-slurm.ts'
import { rootOrReason } from './lab/pool-on-slurm.ts'
import { until } from './lab/until.ts'

/** One version is enough: versions differ in what hooks are told, which e2e/jobs.test.ts has of all. */
const candidates = await Promise.all(suites.map(async (suite) => ({ suite, ...(await rootOrReason(suite)) })))
const { suite, root, reason } = candidates.find((one) => one.root) ?? candidates[0] ?? {}

describe.skipIf(!root)(`GPU metrics of jobs on ${suite}${root ? '' : ` (skipped: ${reason})`}`, () => {
  let world: JobsOnSlurm
  beforeAll(async () => {
    if (!root) return
    world = await startJobsOnSlurm({ root, nodes: 1 })
    const idle = async () => (await world.slurm('sinfo', '-h', '-t', 'idle', '-o', '%D')) === '1'
    await until('the node is idle', idle, 60_000)
  }, 600_000)
  afterAll(() => world?.end(), 120_000)

  const scrape = async (): Promise<string> => {
    const url = `http://${world.cluster.nodeAddress(1)}:9400/metrics`
    // An agent that is starting again does not listen yet.
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => undefined)
    return (await response?.text()) ?? ''
  }
  /** The job of each GPU, by the metrics and by the files for dcgm-exporter. */
  const holders = async () => {
    const series = (await scrape()).matchAll(/^DCGM_FI_DEV_GPU_UTIL\{gpu="(\d)".*?hpc_job="(\d+)"/gm)
    const files = await world.on('n1', 'cd /run/navarch/gpu-jobs && grep -H . * || true')
    return {
      metrics: [...series].map(([, gpu, job]) => `${gpu}:${job}`).toSorted(),
      files: files
        .split('\n')
        .filter((line) => line !== '')
        .toSorted(),
    }
  }
  const untilHeld = (what: string, expected: string[]) =>
    until(
      what,
      async () => {
        const { metrics, files } = await holders()
        if (!(await scrape()).includes('DCGM_FI_DEV_GPU_UTIL')) return false
        return metrics.join() === expected.join() && files.join() === expected.join()
      },
      60_000,
    )
  const running = async (id: number) => (await world.slurm('squeue', '-h', '-j', String(id), '-o', '%T')) === 'RUNNING'
  /** The index that Slurm gave to a job of one GPU. */
  const gpuOf = async (id: number) => {
    const text = await world.slurm('scontrol', 'show', 'job', '-d', String(id))
    return /GRES=gpu(?::\w+)*:1\(IDX:(\d)\)/.exec(text)?.[1]
  }

  test('the agent answers as dcgm-exporter does, under the name that the node has in Slurm', async () => {
    const health = await fetch(`http://${world.cluster.nodeAddress(1)}:9400/health`)
    expect([health.status, await health.text()]).toEqual([200, 'ok\n'])
    const text = await scrape()
    expect(text.match(/^DCGM_FI_DEV_GPU_TEMP\{.*Hostname="n1".*\} 33$/gm)).toHaveLength(2)
    expect(text).toContain('navarch_agent_gpu_up{Hostname="n1"} 1')
  })

  test('a job labels its GPU from prolog to epilog, also while the agent is killed and while it is stopped', async () => {
    const [first, second] = [
      await world.submit('sleep 600', '--gres=gpu:1'),
      await world.submit('sleep 600', '--gres=gpu:1'),
    ]
    await until('both run', async () => (await running(first)) && (await running(second)), 60_000)
    const [one, two] = [await gpuOf(first), await gpuOf(second)]
    expect([one, two].toSorted()).toEqual(['0', '1'])
    await untilHeld('both are told', [`${one}:${first}`, `${two}:${second}`].toSorted())

    await world.on('n1', 'systemctl kill -s KILL navarch-node')
    await world.slurm('scancel', String(first))
    await untilHeld('the one that is left is told by the next agent', [`${two}:${second}`])

    await world.on('n1', 'systemctl stop navarch-node')
    expect(await world.on('n1', 'ls -A /run/navarch/gpu-jobs')).toBe('')
    await world.on('n1', 'systemctl start navarch-node')
    await untilHeld('it is told again', [`${two}:${second}`])
    await world.slurm('scancel', String(second))
    await untilHeld('none is told', [])
  })

  test('a GPU that is lost has no values, and keeps its name', async () => {
    await world.on('n1', 'echo "1 lost" > /run/navarch-fake-gpus')
    await until(
      'it is told',
      async () => /navarch_agent_gpu_lost\{gpu="1",UUID="GPU-.*\} 1/.test(await scrape()),
      60_000,
    )
    const text = await scrape()
    expect(text.match(/^DCGM_FI_DEV_GPU_TEMP/gm)).toHaveLength(1)
    expect(text).toContain('navarch_agent_gpus{Hostname="n1"} 1')
    await world.on('n1', 'rm /run/navarch-fake-gpus')
  })
})
