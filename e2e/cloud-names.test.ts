import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PoolOnSlurm, rootOrReason, startPoolOnSlurm } from './lab/pool-on-slurm.ts'

/** Slurm gives jobs to CLOUD names that have no host, and without a ResumeProgram they would wait for ever. */
for (const suite of ['bookworm', 'trixie'] as const) {
  const { root, reason } = await rootOrReason(suite)
  const title = `CLOUD names without a ResumeProgram on Slurm ${root?.slurmVersion ?? ''} of ${suite}${reason ? ` (skipped: ${reason})` : ''}`

  describe.skipIf(!root)(title, { timeout: 180_000 }, () => {
    let it: PoolOnSlurm
    beforeAll(async () => {
      if (root) it = await startPoolOnSlurm({ root, mode: 'cloud', minNodes: 0, maxNodes: 2 })
    }, 600_000)
    afterAll(() => it?.end(), 60_000)

    const submit = () =>
      it.slurm('sbatch', '--parsable', '-N1', '--exclusive', '--chdir=/tmp', '--output=/dev/null', '--wrap=sleep 3')
    const job = async (id: string) => it.slurm('scontrol', 'show', 'job', id)

    test('gives the name that Slurm has given to a job a host, and takes it back afterwards', async () => {
      const id = await submit()
      await expect.poll(() => job(id), { timeout: 20_000 }).toMatch(/NodeList=gpu-node-/)
      const name = /\bNodeList=(gpu-node-\d+)/.exec(await job(id))?.[1]
      await expect.poll(() => it.hosts(), { timeout: 30_000 }).toEqual([name])
      await runsAndGoes(id)
    })

    test('uses the name again for another job', async () => {
      await runsAndGoes(await submit())
    })

    async function runsAndGoes(id: string): Promise<void> {
      await expect.poll(() => job(id), { timeout: 90_000, interval: 500 }).toMatch(/JobState=COMPLETED/)
      expect(await job(id)).toMatch(/Restarts=0/)
      await expect.poll(() => it.hosts(), { timeout: 60_000, interval: 500 }).toEqual([])
      await expect
        .poll(async () => (await it.operations()).filter((operation) => operation.state !== 'succeeded'), {
          timeout: 30_000,
        })
        .toEqual([])
      expect(await it.nodes()).toEqual([])
    }
  })
}
