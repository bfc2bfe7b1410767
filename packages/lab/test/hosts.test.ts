import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readdir, readFile } from 'node:fs/promises'
import { runCommand } from '@navarch/system/run-command'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCgroupMounts } from '../src/cgroups.ts'
import { LabError } from '../src/errors.ts'
import { crashHost, getHost, listHosts, runOnHost, startHost, stopHost, waitForHost } from '../src/host.ts'
import { destroyLab, findLab, type Lab, listLabs, openLab } from '../src/lab.ts'
import { context, rootOrReason, skipped } from './real-lab.ts'

const { root, reason } = await rootOrReason('bookworm')
const name = `hosts-${process.pid}`

describe.skipIf(!root)(`hosts of a lab${skipped(reason)}`, { timeout: 120_000 }, () => {
  if (!root) return
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab(context, name)
  })
  afterAll(() => destroyLab(context, name))

  const start = async (host: string, token?: string) => {
    await startHost(context, lab, { root, name: host, ...(token === undefined ? {} : { token }) })
    return waitForHost(context, lab, host)
  }

  test('start side by side, each with an address and an SSH key of its own, and know each other', async () => {
    const hosts = await Promise.all(['a1', 'a2', 'a3', 'a4'].map((host) => start(host)))
    expect(new Set(hosts.map((host) => host.address)).size).toBe(4)
    expect(new Set(hosts.map((host) => host.hostKey)).size).toBe(4)

    const run = await runOnHost(context, lab, 'a1')
    for (const { name: other, address } of hosts) {
      const found = await run('getent', ['hosts', other], { deadlineMs: 5000 })
      expect(found.stdout.split(/\s+/).slice(0, 2)).toEqual([address, other])
    }
    const failed = await run('systemctl', ['--failed', '--no-legend'], { deadlineMs: 10_000 })
    expect(failed.stdout.trim()).toBe('')
    for (const host of hosts) await stopHost(context, lab, host.name)
    expect(await listHosts(lab)).toEqual([])
  })

  test('let in who holds the key that they were given, present the key that we were told, and allow sudo', async () => {
    await start('client')
    const client = await runOnHost(context, lab, 'client')
    await client('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', '/root/.ssh/id'], { deadlineMs: 10_000 })
    const key = await client('cat', ['/root/.ssh/id.pub'], { deadlineMs: 5000 })

    await startHost(context, lab, { root, name: 'server', authorizedKeys: [key.stdout], sudoUser: 'admin' })
    const server = await waitForHost(context, lab, 'server')
    const known = { deadlineMs: 5000, input: `server ${server.hostKey}\n` }
    await client('tee', ['/root/.ssh/known_hosts'], known)
    const ssh = ['-i', '/root/.ssh/id', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes']
    const login = await client('ssh', [...ssh, 'admin@server', 'sudo id -u; hostname'], { deadlineMs: 20_000 })
    expect(login).toMatchObject({ code: 0, stdout: '0\nserver\n' })

    await client('rm', ['/root/.ssh/id'], { deadlineMs: 5000 })
    const refused = await client('ssh', ['-o', 'BatchMode=yes', 'root@server', 'true'], { deadlineMs: 20_000 })
    expect(refused.stderr).toContain('Permission denied')
  })

  test('reach this machine at the address of the bridge', async () => {
    await start('caller')
    const run = await runOnHost(context, lab, 'caller')
    expect(await run('ping', ['-c', '1', '-W', '5', lab.bridgeAddress], { deadlineMs: 10_000 })).toMatchObject({
      code: 0,
    })
  })

  test('have the files, units and devices that were asked for when they boot', async () => {
    await startHost(context, lab, {
      root,
      name: 'equipped',
      gpus: 2,
      files: (address) => ({
        '/etc/motto': { content: `at ${address}\n`, mode: 0o640, owner: 'munge' },
        '/etc/systemd/system/motto.service': { content: '[Service]\nExecStart=/bin/sleep infinity\n' },
      }),
      enable: ['motto'],
    })
    const host = await waitForHost(context, lab, 'equipped')
    const run = await runOnHost(context, lab, 'equipped')
    const shell = async (script: string) => (await run('sh', ['-c', script], { deadlineMs: 10_000 })).stdout.trim()
    expect(await shell('cat /etc/motto; stat -c "%a %U" /etc/motto')).toBe(`at ${host.address}\n640 munge`)
    expect(await shell('systemctl is-active motto')).toBe('active')
    expect(await shell('systemctl is-active munge slurmctld slurmd')).toBe('inactive\ninactive\ninactive')
    expect(await shell('stat -c "%n %F" /dev/nvidia*')).toBe(
      '/dev/nvidia0 character special file\n/dev/nvidia1 character special file',
    )
  })

  test('are launched once per token, and a second launch of the name is refused', async () => {
    const first = await start('once', 'launch-1')
    const again = await startHost(context, lab, { root, name: 'once', token: 'launch-1' })
    expect(again).toEqual(first)
    await expect(startHost(context, lab, { root, name: 'once', token: 'launch-2' })).rejects.toThrow(LabError)
    await expect(startHost(context, lab, { root, name: 'once' })).rejects.toThrow('is there already')
  })

  test('that crashed are seen as dead, and make way for a new one of their name', async () => {
    const before = await start('phoenix')
    await crashHost(context, lab, 'phoenix')
    expect(await getHost(lab, 'phoenix')).toMatchObject({ state: 'dead' })
    await expect(waitForHost(context, lab, 'phoenix')).rejects.toThrow('host phoenix is dead')
    const after = await start('phoenix')
    expect(after.state).toBe('running')
    expect(after.hostKey).not.toBe(before.hostKey)
  })

  test('live on when the process that started them is killed, and are found by their token', async () => {
    const script = `
      import { systemClock as clock } from '@navarch/system/clock'
      import { runCommand as run } from '@navarch/system/run-command'
      import { createLabContext } from '@navarch/lab/context'
      import { startHost } from '@navarch/lab/host'
      import { openLab } from '@navarch/lab/lab'
      const context = createLabContext({ run, clock })
      const lab = await openLab(context, '${name}')
      const root = ${JSON.stringify(root)}
      await startHost(context, lab, { root, name: 'orphan', token: 'launch-9', labels: { pool: 'gpu' } })
      console.log('started')
      await clock.sleep(60_000)`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')

    await waitForHost(context, lab, 'orphan')
    const found = (await listHosts(lab)).find((host) => host.token === 'launch-9')
    expect(found).toMatchObject({ name: 'orphan', state: 'running', labels: { pool: 'gpu' } })
  })

  test('leave no process, mount, bridge, control group or file behind when their lab is destroyed', async () => {
    const other = `${name}-x`
    const doomed = await openLab(context, other)
    expect(doomed.number).not.toBe(lab.number)
    await startHost(context, doomed, { root, name: 'booting' })
    const { all } = await readCgroupMounts()
    const traces = async () => {
      const links = (await runCommand('ip', ['link', 'show'], { deadlineMs: 5000 })).stdout
      const commands = await Promise.all(
        (await readdir('/proc'))
          .filter((pid) => /^\d+$/.test(pid))
          .map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
      )
      const groups = all.map((mount) => `${mount}/navarch-lab/${other}`)
      const propagated = await readdir('/run/systemd/nspawn/propagate').catch(() => [])
      const paths = [doomed.dir, ...groups]
      const existing = await Promise.all(
        paths.map((path) =>
          access(path).then(
            () => [path],
            () => [],
          ),
        ),
      )
      return [
        ...existing.flat(),
        ...propagated.filter((machine) => machine.startsWith(`${other}.`)),
        ...(links.includes(`${doomed.bridge}:`) ? [doomed.bridge] : []),
        ...commands.filter((command) => command.includes(`--machine=${other}.`)),
        ...((await readFile('/proc/self/mounts', 'utf8')).includes(doomed.dir) ? ['mount'] : []),
      ]
    }
    expect((await traces()).length).toBeGreaterThanOrEqual(5)
    await destroyLab(context, other)
    expect(await traces()).toEqual([])
    expect(await findLab(context, other)).toBeUndefined()
    expect(await listLabs(context)).not.toContain(other)
    await destroyLab(context, other)
    await expect(startHost(context, doomed, { root, name: 'late' })).rejects.toThrow(`there is no lab ${other}`)
  })
})
