import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PoolOnSlurm, rootOrReason, startPoolOnSlurm } from './lab/pool-on-slurm.ts'
import { until } from './lab/until.ts'

const { root, reason } = await rootOrReason('trixie')

/** Plain names of slurm.conf without a host: Slurm has never heard of them, or calls them down. */
describe.skipIf(!root)(
  `plain names of slurm.conf${reason ? ` (skipped: ${reason})` : ''}`,
  { timeout: 180_000 },
  () => {
    let it: PoolOnSlurm
    beforeAll(async () => {
      if (!root) return
      it = await startPoolOnSlurm({ root, mode: 'static', minNodes: 1, maxNodes: 2 })
      await until('a node is ready', async () => (await it.pool()).size.ready === 1, 150_000, 500)
    }, 600_000)
    afterAll(() => it?.end(), 60_000)

    test('are taken when they are down, and keep their name when the host is replaced', async () => {
      const [node] = await it.nodes()
      if (!node) throw new Error('no node')
      await it.kernelLog(node.id, 'NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.')
      await expect
        .poll(async () => (await it.node(node.id)).machine_id, { timeout: 120_000, interval: 500 })
        .not.toBe(node.machine_id)
      await expect.poll(async () => (await it.node(node.id)).status, { timeout: 120_000, interval: 500 }).toBe('active')
      // Not srun: it goes to the address that slurm.conf has for a plain name, whatever slurmctld has been told.
      const job = ['--parsable', '-N1', '-w', node.id, '--chdir=/tmp', '--output=/dev/null', '--wrap=true']
      const id = await it.slurm('sbatch', ...job)
      await expect
        .poll(() => it.slurm('scontrol', 'show', 'job', id), { timeout: 30_000, interval: 300 })
        .toMatch(/JobState=COMPLETED/)
    })
  },
)
