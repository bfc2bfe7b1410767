import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeJson } from '@navarch/api/rest'
import { createLabContext } from '@navarch/lab/context'
import { runOnHost, startHost, waitForHost } from '@navarch/lab/host'
import { destroyLab, type Lab, openLab } from '@navarch/lab/lab'
import { labKernelLog, simulatedGpuFiles } from '@navarch/providers/lab/lab-provider'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, rootOrReason } from './lab/pool-on-slurm.ts'
import { type ControlPlaneProcess, root as checkout, startControlPlane } from './lab/process.ts'

const { root, reason } = await rootOrReason('bookworm')
const context = createLabContext({ run: runCommand, clock: systemClock })
const name = `e2e-stat-${process.pid % 10_000}`

describe.skipIf(!root)(
  `existing machines over SSH${reason ? ` (skipped: ${reason})` : ''}`,
  { timeout: 120_000 },
  () => {
    let dir: string
    let lab: Lab
    let plane: ControlPlaneProcess
    const addresses: Record<string, string> = {}

    beforeAll(async () => {
      if (!root) return
      dir = mkdtempSync(join(tmpdir(), 'navarch-static-'))
      const key = join(dir, 'id')
      await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key], { deadlineMs: 10_000 })
      await runCommand(process.execPath, [`${checkout}/scripts/build-executables.ts`], { deadlineMs: 300_000 })
      lab = await openLab(context, name)
      for (const host of ['rack-a', 'rack-b']) {
        const authorizedKeys = [await readFile(`${key}.pub`, 'utf8')]
        const files = await simulatedGpuFiles(2)
        const { address } = await startHost(context, lab, { root, name: host, authorizedKeys, gpus: 2, files })
        addresses[address] = host
      }
      for (const host of Object.values(addresses)) await waitForHost(context, lab, host)
      const config = join(dir, 'navarch-config.yaml')
      writeFileSync(
        config,
        `
server: {heartbeat_interval: 2s, health_check_interval: 2s, autoscale_interval: 2s}
slurm: {driver: none}
providers:
  static: {hosts: [${Object.keys(addresses).join(', ')}]}
pools:
  - name: rack
    provider: static
    ssh_user: root
    ssh_private_key_path: ${key}
    scaling: {min_nodes: 1, max_nodes: 2}
    health: {unhealthy_threshold: 2, auto_replace: true}
`,
      )
      plane = await startControlPlane({
        config,
        dataDir: join(dir, 'data'),
        port: await freePort(),
        output: join(dir, 'log'),
      })
    }, 300_000)
    afterAll(async () => {
      await plane?.kill()
      await destroyLab(context, name)
      if (dir && !process.env['NAVARCH_TEST_KEEP']) rmSync(dir, { recursive: true })
    })

    const nodes = async (): Promise<NodeJson[]> =>
      (await fetch(`${plane.url}/api/v1/nodes`)).json() as Promise<NodeJson[]>
    const on = async (host: string, script: string) => {
      const run = await runOnHost(context, lab, host)
      return (await run('sh', ['-c', script], { deadlineMs: 20_000 })).stdout.trim()
    }

    test('are set up, and a faulty one gives its name to another and is not used again', async () => {
      await expect.poll(async () => (await nodes())[0]?.status, { timeout: 60_000, interval: 300 }).toBe('active')
      const [before] = await nodes()
      const first = addresses[before?.address ?? ''] ?? ''
      expect(await on(first, 'cat /proc/sys/kernel/hostname')).toBe(before?.id)

      await on(first, `echo 'NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.' >> ${labKernelLog}`)
      const moved = async () => {
        const [node] = await nodes()
        return node?.status === 'active' && node.address !== before?.address ? addresses[node.address ?? ''] : undefined
      }
      await expect.poll(moved, { timeout: 60_000, interval: 300 }).toBeDefined()
      const [after] = await nodes()
      expect(after).toMatchObject({ id: before?.id, health: 'healthy' })
      expect(await on(first, 'systemctl is-active navarch-node')).not.toBe('active')

      // What still calls from the machine that was given up is refused, and changes nothing.
      await on(first, 'systemctl start navarch-node')
      await expect
        .poll(() => on(first, 'journalctl -u navarch-node -o cat'), { timeout: 20_000, interval: 500 })
        .toContain('this machine was replaced')
      expect((await nodes())[0]).toMatchObject({ status: 'active', health: 'healthy', address: after?.address })
    })
  },
)
