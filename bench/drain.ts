/**
 * How long it takes from a line in a node's kernel log until the node is drained in Slurm, on real hosts with a real
 * slurmctld.
 *
 *   npm run bench:drain [-- --rounds 50 --suite bookworm]     (as root, on Debian, with the lab's packages)
 */
import { parseArgs } from 'node:util'
import { suites } from '@navarch/lab/roots'
import { rootOrReason, startPoolOnSlurm } from '../e2e/lab/pool-on-slurm.ts'
import { until } from '../e2e/lab/until.ts'
import { quantile, report } from './report.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '50' }, suite: { type: 'string', default: 'bookworm' } },
})
const suite = suites.find((known) => known === values.suite)
if (!suite) throw new Error(`--suite ${values.suite}: use one of ${suites.join(', ')}`)
const { root, reason } = await rootOrReason(suite)
if (!root) throw new Error(`cannot run here: ${reason}`)

const pool = await startPoolOnSlurm({ root, mode: 'future', minNodes: 1, maxNodes: 1, autoReplace: false })
const samples: number[] = []
try {
  await until('the pool is ready', async () => (await pool.pool()).size.ready === 1, 120_000)
  const [node] = await pool.nodes()
  if (!node) throw new Error('the pool has no node')
  for (let round = 0; round < Number(values.rounds); round++) {
    // Another GPU each time: repeats of one fault within seconds are one fault.
    const bus = (0x10 + round).toString(16).padStart(2, '0')
    await pool.kernelLog(node.id, `NVRM: Xid (PCI:0000:${bus}:00): 79, pid=1234, GPU has fallen off the bus.`)
    // The line is on disk now; looking costs some milliseconds that count as ours.
    const written = performance.now()
    await until('the node is drained', async () => /State=\S*DRAIN/.test(await show(node.id)), 10_000, 5)
    samples.push(performance.now() - written)
    await until('the drain operation is over', async () => (await pool.node(node.id)).operations.length === 0, 30_000)
    await pool.post(`/api/v1/nodes/${node.id}/uncordon`)
    await until(
      'the node is back',
      async () => (await pool.node(node.id)).status === 'active' && !/DRAIN|NOT_RESPONDING/.test(await show(node.id)),
      30_000,
    )
  }
} finally {
  await pool.end()
}
report(
  'drain',
  [
    { name: 'line written to node drained, median', value: quantile(samples, 0.5) / 1000, unit: 's', goal: 0.3 },
    { name: 'line written to node drained, worst', value: Math.max(...samples) / 1000, unit: 's', goal: 2 },
  ],
  { rounds: samples.length, slurm: root.slurmVersion },
)

function show(node: string): Promise<string> {
  return pool.slurm('scontrol', 'show', 'node', node)
}
