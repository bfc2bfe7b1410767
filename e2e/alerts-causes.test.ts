import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { AlertHistoryJson, AlertJson, AlertRuleJson } from '@navarch/api/alerts'
import type { NodeJson, OperationJson } from '@navarch/api/rest'
import type { AlertMemory } from '@navarch/control-plane/store/alerts/alert-records'
import type { HourOfLooks } from '@navarch/core/alert/availability'
import { defaultRules } from '@navarch/core/alert/default-rules'
import { afterAll, beforeAll, describe, expect, it as plainIt } from 'vitest'
import {
  type RealSlurm,
  type SlurmPlace,
  slurmPlaces,
  startRealSlurm,
  whyNot,
} from '../packages/slurm/test/real-slurm.ts'
import { type AgentProcess, startAgent } from './lab/agent-process.ts'
import { holdConnections, type IdleConnections } from './lab/idle-connections.ts'
import { freePort } from './lab/pool-on-slurm.ts'
import { type ControlPlaneProcess, root, startControlPlane } from './lab/process.ts'
import { until } from './lab/until.ts'

/** The built-in rules as they are, but for how long they take, and how much it takes where a small cluster has less. */
const hasty = `
    - {name: NodeUnhealthy, for: 1s}
    - {name: NodeUnattended, for: 1s}
    - {name: GpuHot, for: 1s}
    - {name: NodeSilent, threshold: 5}
    - {name: SlurmControllerBusy, for: 1s}
    - {name: SlurmAgentQueueLong, for: 1s, threshold: 20}
    - {name: SlurmDatabaseBacklog, for: 1s, threshold: 20}
    - {name: SlurmSchedulerSlow, for: 1s, threshold: 2}
    - {name: SlurmRecordsUnreadable, for: 1s}
    - {name: PoolBelowWanted, for: 1s}
    - {name: PoolCondition, for: 1s}
    - {name: OperationStuck, threshold: 5}
    - {name: OperationWaitsForJobs, threshold: 3}
    - {name: OperationWaitsForApproval, threshold: 3}
    - {name: VolumeUsageHigh, for: 1s}
    - {name: VolumeAlmostFull, for: 1s}
    - {name: DatabaseConnectionsHigh, for: 1s}
    - {name: NavarchCondition, for: 1s}
`

/** Rules whose causes are in other files here. */
const elsewhere = {
  'alerts.test.ts': [
    ...[
      'SlurmControllerDown',
      'SlurmDataStale',
      'SlurmNoNodeInService',
      'SlurmNodesUnavailable',
      'NodeAvailabilityLow',
    ],
    ...['CapacityLow', 'JobWaitTimeLong', 'QueueStuck', 'NodeDownInSlurm', 'NodeOutOfServiceLong'],
  ],
  'alerts-idle.test.ts': ['GpusHeldIdle'],
}

/** What makes a rule fire on the real parts, and what ends it. */
interface Case {
  rule: string
  /** The alert that is meant, where the rule may have others. */
  labels?: Record<string, string>
  /** Asked once a minute: it begins before the control plane does, and nobody waits for the next time. */
  askedRarely?: boolean
  /** This Slurm cannot have it. */
  absent?: boolean
  /** Absent: what another case, or the configuration, does is its cause. */
  cause?: () => Promise<unknown>
  mend?: () => Promise<unknown>
}

/** The first Slurm there is; with NAVARCH_TEST_LONG=1 all. */
const places = slurmPlaces()
  .filter((_, index) => process.env['NAVARCH_TEST_LONG'] === '1' || index === 0)
  .map((place) => {
    const reason = whyNot(place, { accounting: true })
    return { name: place.name, place, reason, threads: reason === undefined && hasThreadForEachRpc(place) }
  })

describe.each(places)('causes of alerts on a real Slurm: $name', { timeout: 120_000 }, ({ place, reason, threads }) => {
  const it = plainIt.skipIf(reason)
  const dir = join(tmpdir(), `navarch-e2e-causes-${randomUUID()}`)
  const volume = join(dir, 'volume')
  const agents = new Map<string, AgentProcess>()
  const connections: ChildProcess[] = []
  const portHolder = createServer()
  let receiver: Server
  let receives = false
  let busy: IdleConnections | undefined
  let slurm: RealSlurm
  let plane: ControlPlaneProcess
  let start: () => Promise<ControlPlaneProcess>

  const folder = () => dirname(slurm.conf)
  const configured = (file: string, key: string) =>
    new RegExp(`^${key}=(.*)$`, 'm').exec(readFileSync(join(folder(), file), 'utf8'))?.[1] ?? ''
  const sql = (statement: string) => {
    const socket = `--socket=${join(folder(), 'mariadb/socket')}`
    execFileSync('mariadb', ['--no-defaults', socket, '--user=root', '-e', statement], { stdio: 'pipe' })
  }
  const daemon = (name: string) => Number(readFileSync(join(folder(), `${name}.pid`), 'utf8'))
  const ask = async (program: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await slurm.run(program, ...args)
    if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
    return stdout.trim()
  }
  const submit = (...args: string[]) => ask('sbatch', '--parsable', '--chdir=/tmp', '--output=/dev/null', ...args)
  const request = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const response = await fetch(`${plane.url}/api/v1${path}`, { ...init, signal: AbortSignal.timeout(20_000) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  const post = <T>(path: string, body: object = {}): Promise<T> =>
    request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const agent = (node: string): AgentProcess => {
    const found = agents.get(node)
    if (!found) throw new Error(`there is no agent of ${node}`)
    return found
  }
  const bringAgent = async (node: string) => {
    agents.set(node, await startAgent({ server: plane.url, node, dir }))
  }
  const waits = { timeout: 60_000, interval: 500 }
  /** Causes act at the same time, and so do mends: all of them have one minute together. */
  let giveUpAt = 0
  const oneMinute = () => {
    giveUpAt = Date.now() + 60_000
  }
  const left = () => ({ interval: 500, timeout: Math.max(1_000, giveUpAt - Date.now()) })
  const alertsOf = async ({ rule, labels = {} }: Pick<Case, 'rule' | 'labels'>, state = 'firing') => {
    const alerts = await request<AlertJson[]>(`/alerts?rule=${rule}&state=${state}`)
    return alerts.filter((alert) => Object.entries(labels).every(([label, value]) => alert.labels[label] === value))
  }
  const operationOf = async (pool: string) =>
    (await request<OperationJson[]>('/operations')).find((operation) => operation.pool === pool)

  beforeAll(async () => {
    if (reason !== undefined) return
    const ports = await Promise.all([1, 2].map(() => freePort()))
    const here = `NodeHostname=${hostname()} NodeAddr=127.0.0.1`
    slurm = await startRealSlurm(place, {
      accounting: true,
      conf: [
        `NodeName=n3 ${here} Port=${ports[0]} CPUs=500`,
        `NodeName=n4 ${here} Port=${ports[1]}`,
        ...[
          'PartitionName=deaf Nodes=n3',
          'PartitionName=rest Nodes=n4',
          'PartitionName=grow Nodes=fut1',
          'PartitionName=careful Nodes=fut2',
        ],
      ],
    })
    for (const name of ['n3', 'n4']) await slurm.startSlurmd(name)
    const binDir = slurm.programs(['squeue', 'scontrol', 'sdiag', 'sinfo', 'sacctmgr', 'sacct'])
    mkdirSync(volume, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', volume])
    receiver = createHttpServer((incoming, response) => {
      incoming.resume()
      response.writeHead(receives ? 200 : 500).end()
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    await new Promise<void>((resolve) => portHolder.listen(0, '127.0.0.1', resolve))
    const asked =
      "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME='THREADS_CONNECTED'; SELECT @@max_connections"
    const command = `mariadb --no-defaults -N --socket=${folder()}/mariadb/socket --user=root -e "${asked}"`
    const pool = (name: string, nodes: number, more = '') =>
      `{name: ${name}, provider: fake, instance_type: h100, min_nodes: ${nodes}, max_nodes: 1, bootstrap: none${more}}`
    const config = join(dir, 'navarch-config.yaml')
    writeFileSync(
      config,
      `server:
  heartbeat_interval: 1s
  health_check_interval: 1s
  autoscale_interval: 1s
  jobs_address: 127.0.0.1:${(portHolder.address() as AddressInfo).port}
  slurm_metrics_address: none
slurm: {bin: ${binDir}, poll_interval: 2s}
pools:
  - ${pool('grow', 1)}
  - ${pool('careful', 1, ', mode: recommend')}
  - ${pool('lost', 0, ', labels: {partition: nowhere}')}
alerts:
  interval: 1s
  volumes: [${volume}]
  databases:
    - {name: slurmdbd, command: ${JSON.stringify(command)}}
  receivers:
    - {name: hook, type: webhook, url: "http://127.0.0.1:${(receiver.address() as AddressInfo).port}/"}
  routes:
    - {receivers: [hook], group_by: [rule], group_wait: 0s}
  rules:${hasty}`,
    )
    // A port of its own each time: while nobody listens there, a client's connection may be given the old one.
    start = async () =>
      startControlPlane({ config, dataDir: join(dir, 'data'), port: await freePort(), output: join(dir, 'log') })
  }, 300_000)

  afterAll(async () => {
    busy?.end()
    for (const each of agents.values()) await each.kill()
    for (const each of connections) each.kill()
    await plane?.kill()
    receiver?.closeAllConnections()
    receiver?.close()
    portHolder.close()
    if (existsSync(volume)) execFileSync('umount', [volume])
    await slurm?.stop()
    rmSync(dir, { recursive: true, force: true })
  }, 60_000)

  const allCases: readonly Case[] = [
    {
      rule: 'DatabaseConnectionsHigh',
      labels: { database: 'slurmdbd' },
      askedRarely: true,
      async cause() {
        sql('SET GLOBAL max_connections = 10')
        const login = ['--no-defaults', '-h', '127.0.0.1', '-P', configured('slurmdbd.conf', 'StoragePort')]
        const asks = [...login, '--user=slurm', '--password=slurm', '-e', 'SELECT SLEEP(600)']
        for (let index = 0; index < 9; index++) connections.push(spawn('mariadb', asks, { stdio: 'ignore' }))
      },
      async mend() {
        for (const each of connections) each.kill()
        sql('SET GLOBAL max_connections = 151')
      },
    },
    {
      rule: 'VolumeAlmostFull',
      labels: { path: volume },
      cause: async () => writeFileSync(join(volume, 'file'), Buffer.alloc(4_100_000)),
      mend: async () => rmSync(join(volume, 'file')),
    },
    { rule: 'VolumeUsageHigh', labels: { path: volume } },
    {
      // Its partition is not in Slurm until somebody makes it.
      rule: 'PoolCondition',
      labels: { pool: 'lost', condition: 'SlurmReady' },
      mend: () => ask('scontrol', 'create', 'PartitionName=nowhere', 'Nodes=fut2'),
    },
    {
      // No agent comes from the machine that was launched, until somebody starts it.
      rule: 'PoolBelowWanted',
      labels: { pool: 'grow' },
      async mend() {
        // The provider's machines have made-up addresses; this one is here.
        await ask('scontrol', 'update', 'NodeName=fut1', 'NodeAddr=127.0.0.1')
        await slurm.startSlurmd('fut1')
        await bringAgent('fut1')
      },
    },
    { rule: 'OperationStuck', labels: { pool: 'grow' } },
    {
      rule: 'OperationWaitsForApproval',
      labels: { pool: 'careful' },
      mend: async () => post(`/operations/${(await operationOf('careful'))?.id}/reject`, { reason: 'no budget' }),
    },
    {
      rule: 'GpuFellOffBus',
      labels: { node: 'n1', gpu: '0' },
      cause: () => agent('n1').kernelLog('NVRM: Xid (PCI:0000:1a:00): 79, pid=1234, GPU has fallen off the bus.'),
      mend: () => agent('n1').reboot(),
    },
    { rule: 'NodeUnhealthy', labels: { node: 'n1' } },
    { rule: 'NodeUnattended', labels: { node: 'n1' } },
    {
      rule: 'GpuEccUncorrected',
      labels: { node: 'n2', gpu: '1' },
      async cause() {
        const job = await submit('-w', 'n2', '--wrap=sleep 600')
        await until(
          'the job runs',
          async () => (await ask('squeue', '-h', '-j', job, '-o', '%T')) === 'RUNNING',
          30_000,
        )
        await agent('n2').gpus('1 ecc.errors.uncorrected.volatile.total 3', '0 temperature.gpu 91')
      },
      async mend() {
        await agent('n2').gpus()
        await ask('scancel', '-w', 'n2')
      },
    },
    { rule: 'GpuHot', labels: { node: 'n2', gpu: '0' } },
    // The drain for the memory error waits for the job.
    { rule: 'OperationWaitsForJobs', labels: { node: 'n2' } },
    {
      rule: 'NodeSilent',
      labels: { node: 'n3' },
      cause: () => agent('n3').kill(),
      mend: async () => agent('n3').start(),
    },
    {
      rule: 'SlurmDatabaseBacklog',
      async cause() {
        const pid = daemon('slurmdbd')
        process.kill(pid)
        await until('slurmdbd has ended', async () => !isAlive(pid), 30_000)
        await ask('scontrol', 'setdebug', 'debug5')
        for (const flag of ['+SelectType', '+Gres']) await ask('scontrol', 'setdebugflags', flag)
        await ask('sdiag', '--reset')
        await submit('-p', 'rest', '--mem=10', '--array=1-60', '--wrap=true')
      },
      async mend() {
        await ask('scontrol', 'setdebug', 'info')
        for (const flag of ['-SelectType', '-Gres']) await ask('scontrol', 'setdebugflags', flag)
        await ask('slurmdbd')
        await ask('sdiag', '--reset')
      },
    },
    // slurmctld writes down all that it thinks, and has tasks of an array to start.
    { rule: 'SlurmSchedulerSlow' },
    {
      rule: 'SlurmAgentQueueLong',
      async cause() {
        // slurmctld has some eighty messages to single nodes on their way at once: the others wait for those that have no answer.
        process.kill(daemon('slurmd-n3'), 'SIGSTOP')
        await submit('-p', 'deaf', '--mem=2', '--array=1-400', '--wrap=sleep 1')
        const placed = async () =>
          (await ask('squeue', '-h', '-p', 'deaf', '-t', 'RUNNING,COMPLETING', '-o', '%i')).split('\n')
        await until('they were given a node', async () => (await placed()).length > 100, 30_000)
      },
      async mend() {
        await ask('scancel', '-w', 'n3')
        process.kill(daemon('slurmd-n3'), 'SIGCONT')
      },
    },
    {
      // What a person has drained is not Navarch's to give back.
      rule: 'OperationFailed',
      labels: { node: 'n3' },
      async cause() {
        await ask('scontrol', 'update', 'NodeName=n3', 'State=DRAIN', 'Reason=new disk')
        const status = async () => (await request<NodeJson>('/nodes/n3')).status
        await until('it is seen', async () => (await status()) !== 'active', 30_000)
        await post('/nodes/n3/uncordon')
      },
      async mend() {
        await ask('scontrol', 'update', 'NodeName=n3', 'State=RESUME')
        const [failed] = await alertsOf({ rule: 'OperationFailed', labels: { node: 'n3' } })
        await post(`/operations/${failed?.labels['operation']}/retry`)
      },
    },
    {
      rule: 'AlertReceiverFailing',
      labels: { receiver: 'hook' },
      async mend() {
        receives = true
        await post('/alert-receivers/hook/test')
      },
    },
    {
      rule: 'SlurmControllerBusy',
      absent: !threads,
      cause: async () => {
        busy = holdConnections(Number(configured('slurm.conf', 'SlurmctldPort')), 215)
      },
      mend: async () => busy?.end(),
    },
  ]

  const cases = allCases.filter(({ absent }) => !absent)

  it('each rule has one, here or in another file', () => {
    const own = [
      ...allCases.map(({ rule }) => rule),
      'SlurmRecordsUnreadable',
      'SlurmControllerUptimeLow',
      'NavarchCondition',
    ]
    const others = Object.entries(elsewhere).flatMap(([file, rules]) => {
      const text = readFileSync(join(root, 'e2e', file), 'utf8')
      return rules.filter((rule) => text.includes(`{name: ${rule},`))
    })
    expect([...own, ...others].sort()).toEqual(defaultRules.map(({ name }) => name).sort())
  })

  const isOver = async (each: Pick<Case, 'rule' | 'labels'>) => {
    await expect.poll(() => alertsOf(each), left()).toEqual([])
    const events = await request<AlertHistoryJson[]>(`/alert-history?limit=1000&rule=${each.rule}`)
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['fired', 'resolved']))
  }

  describe('as long as it lasts', () => {
    beforeAll(async () => {
      if (reason !== undefined) return
      for (const { askedRarely, cause } of cases) if (askedRarely) await cause?.()
      plane = await start()
      for (const node of ['n1', 'n2', 'n3']) await bringAgent(node)
      const healthy = async () => (await request<NodeJson[]>('/nodes?health=healthy')).length === 3
      await until('all agents have reported', healthy, 60_000)
      for (const { askedRarely, cause } of cases) if (!askedRarely) await cause?.()
      oneMinute()
    }, 120_000)

    it.each(cases)('$rule fires', async (each) => {
      await expect.poll(() => alertsOf(each), left()).not.toEqual([])
    })
  })

  describe('once it is mended', () => {
    beforeAll(async () => {
      if (reason !== undefined) return
      for (const { mend } of cases) await mend?.()
      oneMinute()
    }, 120_000)

    it.each(cases.filter(({ askedRarely }) => !askedRarely))('$rule is over', isOver)

    it('SlurmRecordsUnreadable fires without sdiag, and is over with it', async () => {
      const path = join(folder(), 'bin/sdiag')
      renameSync(path, `${path}.away`)
      await expect.poll(() => alertsOf({ rule: 'SlurmRecordsUnreadable' }), waits).not.toEqual([])
      renameSync(`${path}.away`, path)
      await expect.poll(() => alertsOf({ rule: 'SlurmRecordsUnreadable' }), waits).toEqual([])
    })
  })

  it('a month with an outage fires SlurmControllerUptimeLow, one without ends it; a port that is taken, NavarchCondition', async () => {
    const looks = () => {
      const { looks } = memoryOf(join(dir, 'data'))
      return looks.at(-1) ?? { hour: 0, looks: 0, answered: 0 }
    }
    await expect.poll(() => alertsOf({ rule: 'NavarchCondition' }), waits).not.toEqual([])
    for (const each of agents.values()) await each.kill()
    await slurm.stopController()
    await expect.poll(() => alertsOf({ rule: 'SlurmControllerDown' }, 'pending'), waits).not.toEqual([])
    await slurm.startController()
    await plane.stop()
    expect(looks().answered).toBeLessThan(looks().looks)
    repeatLooks(join(dir, 'data'), looks())
    portHolder.close()

    plane = await start()
    await expect.poll(() => alertsOf({ rule: 'SlurmControllerUptimeLow' }), waits).not.toEqual([])
    await expect.poll(() => alertsOf({ rule: 'NavarchCondition' }), waits).toEqual([])
    // An alert that begins is stored together with the looks up to then.
    const seen = { name: 'Seen', metric: 'slurm_up', condition: 'eq', threshold: 1, duration: 5 }
    await post<AlertRuleJson>('/alert-rules', seen)
    await expect.poll(() => alertsOf({ rule: 'Seen' }), waits).not.toEqual([])
    await plane.stop()
    expect(looks().answered).toBe(looks().looks)
    repeatLooks(join(dir, 'data'), looks())

    plane = await start()
    oneMinute()
    for (const rule of ['SlurmControllerUptimeLow', 'NavarchCondition']) await isOver({ rule })
  })

  it.each(cases.filter(({ askedRarely }) => askedRarely))('$rule is over after a start, which asks anew', isOver)
})

/** Since 24.11 a few threads of slurmctld have all RPCs, so that their number stays small however many wait. */
function hasThreadForEachRpc(place: SlurmPlace): boolean {
  const printed = execFileSync('chroot', [place.root ?? '/', '/usr/sbin/slurmctld', '-V'], { encoding: 'utf8' })
  return Number(/\d+\.\d+/.exec(printed)?.[0]) < 24.11
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function memoryOf(dataDir: string): AlertMemory {
  const database = new DatabaseSync(join(dataDir, 'navarch.db'), { readOnly: true })
  try {
    const row = database.prepare('SELECT doc FROM alert_memory').get()
    return JSON.parse(String(row?.['doc']))
  } finally {
    database.close()
  }
}

/** Makes the last 24 hours of looks those of one hour: nobody waits for a day here. */
function repeatLooks(dataDir: string, { looks, answered }: HourOfLooks): void {
  const now = Math.floor(Date.now() / 3_600_000)
  const hours = Array.from({ length: 24 }, (_, index) => ({ hour: now - 24 + index, looks, answered }))
  const memory: AlertMemory = { ...memoryOf(dataDir), looks: hours }
  const database = new DatabaseSync(join(dataDir, 'navarch.db'))
  database.prepare('UPDATE alert_memory SET doc = ?').run(JSON.stringify(memory))
  database.close()
}
