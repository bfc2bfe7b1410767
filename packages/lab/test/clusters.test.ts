import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { joiningHost, type SlurmCluster, startSlurmCluster } from '../src/cluster.ts'
import { startHost, waitForHost } from '../src/host.ts'
import { destroyLab, type Lab, openLab } from '../src/lab.ts'
import { suites } from '../src/roots.ts'
import { type NodeMode, type NodeShape, nodeParameters } from '../src/slurm-conf.ts'
import { context, rootOrReason, skipped } from './real-lab.ts'

const nodes: NodeShape = { prefix: 'gpu-node-', count: 4, cpus: 8, memoryMb: 4000, gpus: 8 }
const node = 'gpu-node-001'

for (const suite of suites) {
  const { root, reason } = await rootOrReason(suite)
  const title = `Slurm ${root?.slurmVersion ?? ''} of ${suite}${skipped(reason)}`

  describe.skipIf(!root)(title, { timeout: 180_000 }, () => {
    if (!root) return
    const name = `${suite.slice(0, 6)}-${process.pid}`
    let lab: Lab
    beforeAll(async () => {
      lab = await openLab(context, name)
    })
    afterAll(() => destroyLab(context, name))

    const startCluster = (mode: NodeMode, extra: string[] = []) =>
      startSlurmCluster(context, lab, { root, mode, nodes, headName: `head-${mode}`, extra })
    const join = async (cluster: SlurmCluster, host: string, slurmdOptions: string, address?: string) => {
      const at = address === undefined ? {} : { address }
      await startHost(context, lab, { root, name: host, gpus: 8, ...at, ...joiningHost(cluster, slurmdOptions) })
      return waitForHost(context, lab, host)
    }
    const slurm = async (cluster: SlurmCluster, program: string, ...args: string[]) => {
      const result = await cluster.run(program, args, { deadlineMs: 60_000 })
      return result.code === 0 ? result.stdout.trim() : `exit ${result.code}: ${result.stderr}`
    }
    const state = async (cluster: SlurmCluster) =>
      /State=(\S+)/.exec(await slurm(cluster, 'scontrol', '-F', 'show', 'node', node))?.[1]

    test('gives no job to a FUTURE node until the host that came for it is verified', async () => {
      const cluster = await startCluster('future')
      expect(await slurm(cluster, 'sinfo', '-h', '-o', '%N')).toBe('')
      const address = { NodeAddr: '10.213.255.254', NodeHostname: node }
      const update = (changes: Record<string, string>) =>
        slurm(
          cluster,
          'scontrol',
          'update',
          `NodeName=${node}`,
          ...Object.entries(changes).map((pair) => pair.join('=')),
        )

      const drain = { State: 'DRAIN', Reason: 'navarch: verifying' }
      expect(await update({ ...address, ...drain })).toBe('')
      const host = await startHost(context, lab, { root, name: node, gpus: 8, ...joiningHost(cluster, `-N ${node}`) })
      expect(await update({ NodeAddr: host.address })).toBe('')
      await waitForHost(context, lab, node)
      await expect.poll(() => state(cluster), { timeout: 60_000 }).toBe('IDLE+DRAIN')

      expect(await update(drain)).toBe('')
      expect(await update({ State: 'RESUME' })).toBe('')
      expect(await slurm(cluster, 'srun', '--gres=gpu:8', 'hostname')).toBe(node)
    })

    test('takes a dynamic node, with the GPUs that it says it has', async () => {
      const cluster = await startCluster('dynamic')
      await join(cluster, 'dynamic-1', `-Z --conf "${nodeParameters(nodes)}"`)
      await expect
        .poll(() => slurm(cluster, 'sinfo', '-h', '-o', '%N %T %G'), { timeout: 60_000 })
        .toContain('dynamic-1 idle')
      expect(await slurm(cluster, 'srun', '--gres=gpu:8', 'hostname')).toBe('dynamic-1')
    })

    test('has the names of a CLOUD cluster before any host comes', async () => {
      const cluster = await startCluster('cloud', ['PrivateData=cloud'])
      expect(await state(cluster)).toMatch(/\+CLOUD/)
    })

    test('runs a job over two static nodes', async () => {
      const cluster = await startCluster('static')
      await join(cluster, 'gpu-node-003', '-N gpu-node-003', cluster.nodeAddress(3))
      await join(cluster, 'gpu-node-004', '-N gpu-node-004', cluster.nodeAddress(4))
      await expect
        .poll(() => slurm(cluster, 'sinfo', '-h', '-t', 'idle', '-o', '%N'), { timeout: 60_000 })
        .toBe('gpu-node-[003-004]')
      expect((await slurm(cluster, 'srun', '-N2', 'hostname')).split('\n').sort()).toEqual([
        'gpu-node-003',
        'gpu-node-004',
      ])
    })
  })
}
