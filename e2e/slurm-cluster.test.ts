import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLabContext } from '@navarch/lab/context'
import { runOnHost, startHost, waitForHost } from '@navarch/lab/host'
import type { HostFile } from '@navarch/lab/host-files'
import { destroyLab, type Lab, openLab } from '@navarch/lab/lab'
import { systemClock } from '@navarch/system/clock'
import { runCommand } from '@navarch/system/run-command'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseExposition } from './lab/exposition.ts'
import { rootOrReason } from './lab/pool-on-slurm.ts'
import { root as checkout } from './lab/process.ts'
import { until } from './lab/until.ts'

const { root, reason } = await rootOrReason('trixie')
const folder = join(checkout, 'deploy/compose/slurm-cluster')
const context = createLabContext({ run: runCommand, clock: systemClock })

describe.skipIf(reason)(`the cluster of a head and a worker${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const name = `two-${process.pid % 10_000}`
  let lab: Lab
  let headAddress = ''
  const key = randomBytes(128)
  /** Runs a shell script on a host; fails unless it exits 0. */
  const on = async (host: string, script: string) => {
    const run = await runOnHost(context, lab, host)
    const { code, stdout, stderr } = await run('bash', ['-c', script], { deadlineMs: 60_000 })
    if (code !== 0) throw new Error(`${host}: ${script}: ${stderr}${stdout}`)
    return stdout
  }

  beforeAll(async () => {
    if (!root) return
    const build = [join(checkout, 'scripts/build-executables.ts'), '--only', 'navarch', '--only', 'navarch-node']
    const built = await runCommand(process.execPath, build, { deadlineMs: 300_000 })
    if (built.code !== 0) throw new Error(built.stderr)
    lab = await openLab(context, name)
    const files = await filesOf(key)
    headAddress = (await startHost(context, lab, { root, name: 'head', files })).address
    await startHost(context, lab, { root, name: 'worker', files })
    for (const host of ['head', 'worker']) await waitForHost(context, lab, host, { deadlineMs: 120_000 })
    await on('head', 'systemd-run --unit=start-slurm /start-slurm.sh')
    await on('worker', 'systemd-run --unit=start-slurm -E HEAD_NODE_IP=head /start-worker.sh')
  }, 300_000)
  afterAll(() => destroyLab(context, name), 60_000)

  it('comes up by its start scripts, and its exporter says what the document says', async () => {
    const idle = async () => (await on('head', 'sinfo -h -t idle -o %D').catch(() => '')).trim() === '2'
    await until('both nodes are idle', idle, 120_000, 500)
    const page = async () => parseExposition(await (await fetch(`http://${headAddress}:9341/metrics`)).text())
    const seen = async () => (await page()).get('slurm_nodes_total')?.get('') === 2
    // Programs unpack themselves at their first start.
    await until('the exporter has seen them', () => seen().catch(() => false), 60_000, 500)
    const figures = await page()
    const names = ['cpus_total', 'cpus_idle', 'nodes_total', 'nodes_idle', 'queue_pending', 'queue_running']
    expect(names.map((each) => figures.get(`slurm_${each}`)?.get(''))).toEqual([512, 512, 2, 2, 0, 0])
    expect(figures.get('slurm_exporter_consistent')?.get('')).toBe(1)
  })

  it('runs a job across both nodes', async () => {
    const printed = await on('head', 'cd /tmp && srun -N2 hostname')
    expect(printed.trim().split('\n').sort()).toEqual(['head', 'worker'])
    expect(await on('head', 'scontrol show nodes')).toMatch(/NodeName=worker[\s\S]*DYNAMIC_NORM/)
  })

  it('has GPU figures on port 9400 of each node', async () => {
    const ask = 'exec 3<>/dev/tcp/localhost/9400; printf "GET /health HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3'
    for (const host of ['head', 'worker']) {
      const healthy = async () => /^HTTP\/1\.[01] 200/.test(await on(host, ask).catch(() => ''))
      await until(`the agent of ${host} answers`, healthy, 60_000, 500)
    }
  })

  it('has the lines of the document but for those that two nodes need otherwise', async () => {
    const conf = (await readFile(join(folder, 'slurm.conf'), 'utf8')).split('\n')
    expect(documented.filter((line) => !conf.includes(line))).toEqual([
      'SlurmctldHost=localhost',
      'SwitchType=switch/none',
      'NodeName=localhost CPUs=256 State=UNKNOWN',
    ])
    const script = (await readFile(join(folder, 'start-slurm.sh'), 'utf8')).split('\n')
    for (const line of ['munged -f', 'slurmctld', 'slurmd', 'prometheus-slurm-exporter --listen-address=:9341 &'])
      expect(script).toContain(line)
  })

  it('has a compose file with both, the head first', async () => {
    const { services } = parse(await readFile(join(folder, 'docker-compose.yml'), 'utf8'))
    expect(Object.keys(services)).toEqual(['head', 'worker'])
    expect(services.worker.depends_on).toEqual({ head: { condition: 'service_healthy' } })
    expect(services.head.ports).toContain('127.0.0.1:9341:9341')
  })
})

/** The document's slurm.conf. */
const documented = `ClusterName=gpu-watchdog
SlurmctldHost=localhost
MpiDefault=none
ProctrackType=proctrack/linuxproc
ReturnToService=1
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmdSpoolDir=/var/spool/slurmd
StateSaveLocation=/var/spool/slurmctld
SwitchType=switch/none
TaskPlugin=task/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmctldDebug=info
SlurmdDebug=info
NodeName=localhost CPUs=256 State=UNKNOWN
PartitionName=gpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP`.split('\n')

/** What the image has. */
async function filesOf(key: Uint8Array): Promise<Record<string, HostFile>> {
  const executable = async (program: string) => ({
    content: await readFile(join(checkout, `dist/executables/${program}-linux-amd64`)),
    mode: 0o755,
  })
  const own = async (file: string, mode = 0o644) => ({ content: await readFile(join(folder, file)), mode })
  const navarch = await executable('navarch')
  return {
    '/usr/local/bin/navarch': navarch,
    '/usr/local/bin/prometheus-slurm-exporter': navarch,
    '/usr/local/bin/navarch-node': await executable('navarch-node'),
    '/etc/slurm/slurm.conf': await own('slurm.conf'),
    '/etc/slurm/cgroup.conf': await own('cgroup.conf'),
    '/etc/munge/munge.key': { content: key, mode: 0o400, owner: 'munge' },
    '/start-slurm.sh': await own('start-slurm.sh', 0o755),
    '/start-worker.sh': await own('start-worker.sh', 0o755),
  }
}
