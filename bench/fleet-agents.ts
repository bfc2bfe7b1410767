/** The agents of `fleet.ts`: the real code, one per simulated machine, all in this process. Ends at SIGTERM. */
import { setMaxListeners } from 'node:events'
import { parseArgs } from 'node:util'
import { createLinkOpener } from '@navarch/agent/link'
import { noFiles } from '@navarch/agent/memory'
import { runAgent } from '@navarch/agent/run-agent'
import { openSpool } from '@navarch/agent/spool'
import { createNvidiaSmi } from '@navarch/gpu/nvidia-smi'
import { createSimulatedGpus } from '@navarch/gpu/simulated-gpus'
import { systemClock as clock } from '@navarch/system/clock'
import { silentLog as log } from '@navarch/system/log'

const { values } = parseArgs({
  options: { server: { type: 'string', default: '' }, agents: { type: 'string', default: '1000' } },
})
const { server } = values
const stop = new AbortController()
setMaxListeners(0, stop.signal)
process.once('SIGTERM', () => stop.abort())

/** Starting a thousand at once would measure this process, not the control plane. */
const startEveryMs = 5

const agents: Promise<void>[] = []
for (let number = 1; number <= Number(values.agents) && !stop.signal.aborted; number++) {
  agents.push(startAgent(`node-${String(number).padStart(4, '0')}`))
  await clock.sleep(startEveryMs)
}
await Promise.all(agents)

async function startAgent(node: string): Promise<void> {
  const settings = {
    server,
    nodeId: node,
    provider: 'fake',
    region: '',
    zone: '',
    instanceType: '',
    pool: '',
    authToken: undefined,
    kernelLog: undefined,
    stateDir: '',
    sampleIntervalMs: 15_000,
  }
  const gpus = createSimulatedGpus({ clock, node })
  await runAgent(
    {
      settings,
      version: 'bench',
      clock,
      random: Math.random,
      log,
      machine: {
        hostname: node,
        internalIp: '127.0.0.1',
        kernelVersion: 'bench',
        bootId: node,
        bootedAt: clock.now(),
        load: async () => ({ cpuPercent: 50, memoryPercent: 50 }),
      },
      nvidiaSmi: createNvidiaSmi({ run: gpus.run, signal: stop.signal }),
      kernelLog: undefined,
      openLink: createLinkOpener({ clock, server, authToken: undefined }),
      spool: await openSpool({ path: undefined, log }),
      files: noFiles,
    },
    stop.signal,
  )
}
