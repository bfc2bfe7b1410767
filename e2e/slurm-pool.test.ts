import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PoolOnSlurm, rootOrReason, startPoolOnSlurm } from './lab/pool-on-slurm.ts'

/** How each Slurm gets its hosts: the way that the docs recommend for the version, and the others. */
const clusters = [
  { suite: 'bookworm', mode: 'future' },
  { suite: 'forky', mode: 'dynamic' },
  { suite: 'trixie', mode: 'future' },
] as const

const xid79 = 'NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python3, GPU has fallen off the bus.'
const xid13 = 'NVRM: Xid (PCI:0000:3b:00): 13, pid=1234, name=python3, Graphics Exception: ESR 0x404600=0x80000002'

for (const { suite, mode } of clusters) {
  const { root, reason } = await rootOrReason(suite)
  const title = `a pool on Slurm ${root?.slurmVersion ?? ''} of ${suite} with ${mode} names${reason ? ` (skipped: ${reason})` : ''}`

  describe.skipIf(!root)(title, { timeout: 240_000 }, () => {
    let it: PoolOnSlurm
    beforeAll(async () => {
      if (root) it = await startPoolOnSlurm({ root, mode, minNodes: 2, maxNodes: 4 })
    }, 600_000)
    afterAll(() => it?.end(), 60_000)

    const ready = async () => (await it.pool()).size.ready
    const queue = async (...states: string[]) =>
      (await it.slurm('squeue', '-h', '-o', '%i', '-t', states.join(','))).split('\n').filter((id) => id !== '')

    test('provisions its minimum over SSH', async () => {
      await expect.poll(ready, { timeout: 120_000, interval: 500 }).toBe(2)
      expect(await it.hosts()).toHaveLength(2)
      for (const node of await it.nodes()) {
        expect(node).toMatchObject({ status: 'active', health: 'healthy', gpu_count: 2 })
      }
    })

    test('grows to its maximum for six jobs, runs them, and shrinks without touching one', async () => {
      for (let job = 0; job < 6; job++) {
        await it.slurm('sbatch', '-N1', '--exclusive', '--chdir=/tmp', '--output=/dev/null', '--wrap=sleep 15')
      }
      await expect.poll(ready, { timeout: 120_000, interval: 500 }).toBe(4)
      expect(await it.hosts()).toHaveLength(4)
      await expect
        .poll(() => queue('PENDING', 'RUNNING', 'COMPLETING', 'CONFIGURING'), { timeout: 120_000, interval: 500 })
        .toEqual([])
      const ends = await it.slurm('scontrol', 'show', 'jobs', '-o')
      expect(ends.match(/JobState=COMPLETED/g)).toHaveLength(6)
      expect(ends).not.toMatch(/JobState=(?!COMPLETED)/)
      expect(ends.match(/Restarts=0/g)).toHaveLength(6)
      await expect.poll(async () => (await it.hosts()).length, { timeout: 120_000, interval: 500 }).toBe(2)
      await expect.poll(ready, { timeout: 30_000 }).toBe(2)
    })

    test('drains nothing for an application fault', async () => {
      const [node] = await it.nodes()
      if (!node) throw new Error('no node')
      await it.kernelLog(node.id, xid13)
      await expect
        .poll(async () => (await it.node(node.id)).health_events.map((event) => event.code), { timeout: 10_000 })
        .toContain('xid-13')
      expect(await it.slurm('scontrol', 'show', 'node', node.id)).not.toContain('DRAIN')
      expect(await it.node(node.id)).toMatchObject({ status: 'active', health: 'healthy', operations: [] })
    })

    test('drains a node within 2 s of XID 79, lets its job end, and replaces the host', async () => {
      const job = (
        await it.slurm(
          'sbatch',
          '--parsable',
          '-N1',
          '--exclusive',
          '--chdir=/tmp',
          '--output=/dev/null',
          '--wrap=sleep 12',
        )
      ).trim()
      await expect
        .poll(() => it.slurm('squeue', '-h', '-j', job, '-o', '%T %N'), { timeout: 60_000 })
        .toMatch(/RUNNING/)
      const name = (await it.slurm('squeue', '-h', '-j', job, '-o', '%N')).trim()
      const before = await it.node(name)
      await it.kernelLog(name, xid79)
      const written = Date.now()
      await expect
        .poll(() => it.slurm('scontrol', 'show', 'node', name), { timeout: 2_000, interval: 50 })
        .toMatch(/State=\S*DRAIN[\s\S]*Reason=navarch: XID 79/)
      expect(Date.now() - written).toBeLessThan(2_500)
      expect(await it.slurm('squeue', '-h', '-j', job, '-o', '%T')).toBe('RUNNING')
      await expect
        .poll(async () => (await it.node(name)).machine_id, { timeout: 120_000, interval: 500 })
        .not.toBe(before.machine_id)
      await expect.poll(async () => (await it.node(name)).status, { timeout: 120_000, interval: 500 }).toBe('active')
      expect(await it.slurm('scontrol', 'show', 'job', job)).toMatch(/JobState=COMPLETED/)
      const log = it.plane.logs.find((line) => line.msg === 'node unhealthy' && line['node'] === name)
      expect(log).toMatchObject({ level: 'WARN', pool: 'gpu-partition', reason: expect.stringContaining('XID 79') })
      const ran = await it.slurm('srun', '-N1', '--exclusive', '-w', name, '--chdir=/tmp', 'hostname')
      expect(ran).toBe(name)
    })

    test("leaves an administrator's drain alone, whatever the node's health", async () => {
      const [node] = (await it.nodes()).filter((candidate) => candidate.status === 'active')
      if (!node) throw new Error('no active node')
      await it.slurm('scontrol', 'update', `NodeName=${node.id}`, 'State=DRAIN', 'Reason=disk check by ops')
      const { machine_id } = node
      await it.kernelLog(node.id, xid79.replace('3b', '4c'))
      await expect.poll(async () => (await it.node(node.id)).health, { timeout: 10_000 }).toBe('unhealthy')
      await new Promise((resolve) => setTimeout(resolve, 8_000))
      expect(await it.slurm('scontrol', 'show', 'node', node.id)).toMatch(/Reason=disk check by ops/)
      expect((await it.node(node.id)).machine_id).toBe(machine_id)
    })

    test('stops within 10 s of SIGTERM', async () => {
      const asked = Date.now()
      expect(await it.plane.stop()).toBe(0)
      expect(Date.now() - asked).toBeLessThan(10_000)
    })
  })
}
