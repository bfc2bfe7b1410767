import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PoolOnSlurm, rootOrReason, startPoolOnSlurm } from './lab/pool-on-slurm.ts'
import { until } from './lab/until.ts'

const { root, reason } = await rootOrReason('trixie')

/** Plain names of slurm.conf: Slurm calls them down once it has waited for their slurmd in vain, and then they are free. */
describe.skipIf(!root)(`plain names of slurm.conf${reason ? ` (skipped: ${reason})` : ''}`, { timeout: 180_000 }, () => {
  let it: PoolOnSlurm
  beforeAll(async () => {
    if (!root) return
    it = await startPoolOnSlurm({ root, mode: 'static', minNodes: 1, maxNodes: 2, slurmConf: ['SlurmdTimeout=20'] })
    await until('a node is ready', async () => (await it.pool()).size.ready === 1, 150_000, 500)
  }, 600_000)
  afterAll(() => it?.end(), 60_000)

  test('are taken when they are down, and keep their name when the host is replaced', async () => {
    const [node] = await it.nodes()
    if (!node) throw new Error('no node')
    expect(await it.slurm('srun', '-N1', '--chdir=/tmp', 'hostname')).toBe(node.id)
    await it.kernelLog(node.id, 'NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.')
    await expect
      .poll(async () => (await it.node(node.id)).machine_id, { timeout: 120_000, interval: 500 })
      .not.toBe(node.machine_id)
    await expect.poll(async () => (await it.node(node.id)).status, { timeout: 120_000, interval: 500 }).toBe('active')
    expect(await it.slurm('srun', '-N1', '-w', node.id, '--chdir=/tmp', 'hostname')).toBe(node.id)
  })
})
