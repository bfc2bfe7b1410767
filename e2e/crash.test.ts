import { operationSteps } from '@navarch/core/operation/operation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nextEvent } from './lab/follow-events.ts'
import { type PoolOnSlurm, rootOrReason, startPoolOnSlurm } from './lab/pool-on-slurm.ts'
import { until } from './lab/until.ts'

const { root, reason } = await rootOrReason('bookworm')

describe.skipIf(!root)(
  `kill -9 of the control plane${reason ? ` (skipped: ${reason})` : ''}`,
  { timeout: 180_000 },
  () => {
    let it: PoolOnSlurm
    beforeAll(async () => {
      if (!root) return
      it = await startPoolOnSlurm({ root, mode: 'future', minNodes: 1, maxNodes: 1 })
      await until('the pool is ready', async () => (await it.pool()).size.ready === 1, 120_000)
    }, 600_000)
    afterAll(() => it?.end(), 60_000)

    test.each(operationSteps.replace.map((step, index) => ({ step, bus: (0x20 + index).toString(16) })))(
      'in the step "$step" of a replacement: it finishes after the restart, with one host',
      async ({ step, bus }) => {
        const [before] = await it.launches()
        const [node] = await it.nodes()
        if (!node) throw new Error('no node')
        const begun = nextEvent(
          it.plane.url,
          (event) => event.type === 'operation-step' && event.message.startsWith(`${step} `),
          120_000,
        )
        await it.kernelLog(node.id, `NVRM: Xid (PCI:0000:${bus}:00): 79, pid=1234, GPU has fallen off the bus.`)
        await begun
        await it.plane.kill()
        await it.restart()

        const last = async () => (await it.operations())[0]
        await expect.poll(async () => (await last())?.state, { timeout: 120_000, interval: 300 }).toBe('succeeded')
        const operation = await last()
        expect(operation).toMatchObject({ kind: 'replace', node: node.id })
        const after = await it.launches()
        expect(after).toHaveLength(1)
        expect(after[0]).not.toBe(before)
        expect(
          (await it.operations()).filter((other) => other.created_at >= (operation?.created_at ?? '')),
        ).toHaveLength(1)
        await expect.poll(async () => (await it.node(node.id)).status, { timeout: 30_000 }).toBe('active')
        expect(await it.slurm('srun', '-N1', '--chdir=/tmp', 'hostname')).toBe(node.id)
      },
    )
  },
)
