import { spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSlurmClient, type SlurmClient } from '../src/client.ts'
import type { CommandResult } from '../src/run-command.ts'
import { fetchAt } from './fetch-at.ts'
import { accountingLines, startAccounting } from './real-accounting.ts'
import { runCommand } from './run-command.ts'

/** Where Slurm's programs are: this machine, or a root file system of another Debian suite. */
export interface SlurmPlace {
  name: string
  /** Undefined: this machine itself. */
  root?: string
}

/** What a cluster has beside slurmctld and its slurmd. */
export interface RealSlurmOptions {
  /** slurmdbd over a MariaDB of its own. */
  accounting?: boolean
  /** slurmrestd: with tokens on a port where Slurm's plugin for them is installed, else on a unix socket. */
  rest?: boolean
  /** More lines of slurm.conf. */
  conf?: readonly string[]
  /** Changes the configuration, given its path, before the first daemon reads it. */
  prepare?: (conf: string) => void | Promise<void>
}

/** slurmrestd's address ("http://…", "unix:/…"), and a token of root's where it takes tokens. */
export interface RealRest {
  url: string
  token?: string
  stop(): Promise<void>
  start(): Promise<void>
}

/** A cluster of real daemons: slurmctld, a munged of its own, and one slurmd for each of n1 and n2 (8 typed GPUs each). */
export interface RealSlurm {
  client: SlurmClient
  /** Path of its slurm.conf, the same within and without its root. */
  conf: string
  /** Undefined: it was not asked for. */
  rest?: RealRest
  /** Makes a folder with these of Slurm's programs, for others that run there. */
  programs(names: readonly string[]): string
  /** Runs one of Slurm's programs there. */
  run(program: string, ...args: string[]): Promise<CommandResult>
  /** Starts a slurmd: `dynamic` registers a name that slurm.conf does not have. */
  startSlurmd(name: string, dynamic?: string): Promise<void>
  stopController(): Promise<void>
  startController(): Promise<void>
  stop(): Promise<void>
}

/** Places with Slurm: this machine where it is installed, and the folders that NAVARCH_TEST_SLURM_ROOTS names (`:` between). */
export function slurmPlaces(): SlurmPlace[] {
  const roots = (process.env['NAVARCH_TEST_SLURM_ROOTS'] ?? '').split(':').filter((root) => root !== '')
  return [{ name: 'this machine' }, ...roots.map((root) => ({ name: root, root }))]
}

/** Why a place cannot be used; undefined when it can. */
export function whyNot(place: SlurmPlace, options: RealSlurmOptions = {}): string | undefined {
  if (process.getuid?.() !== 0) return 'not root'
  const programs = ['slurmctld', 'slurmd', 'munged', ...(options.rest ? ['slurmrestd'] : [])]
  if (options.accounting) programs.push('slurmdbd')
  const paths = ['usr/bin/squeue', ...programs.map((program) => `usr/sbin/${program}`)]
  const missing = paths.filter((path) => !existsSync(join(place.root ?? '/', path)))
  if (options.accounting && !existsSync('/usr/sbin/mariadbd')) missing.push('usr/sbin/mariadbd')
  if (missing.length === 0) return undefined
  return `no ${missing.join(', ')} (Debian: slurmctld slurmd slurm-client munge slurmdbd slurmrestd mariadb-server)`
}

/** Starts a cluster. Everything lies in one temporary folder, and `stop` leaves nothing behind. */
export async function startRealSlurm(place: SlurmPlace, options: RealSlurmOptions = {}): Promise<RealSlurm> {
  const folder = mkdtempSync(join(tmpdir(), 'real-slurm-'))
  // Users of MariaDB and slurmrestd pass through it.
  chmodSync(folder, 0o711)
  const holder = place.root === undefined ? undefined : await enterRoot(place.root, folder)
  const wrap = (program: string, args: readonly string[]): [string, string[]] =>
    holder === undefined
      ? [program, [...args]]
      : ['nsenter', ['-t', String(holder.pid), '-m', 'chroot', join(folder, 'root'), program, ...args]]
  const conf = join(folder, 'slurm.conf')
  const env = { SLURM_CONF: conf, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

  async function run(program: string, ...args: string[]): Promise<CommandResult> {
    return runCommand(...wrap(program, args), { deadlineMs: 30_000, env })
  }
  async function must(program: string, ...args: string[]): Promise<void> {
    const { code, stderr, stdout } = await run(program, ...args)
    if (code !== 0) throw new Error(`${program}: ${stderr}${stdout}`)
  }

  const client = createSlurmClient({
    run: (program, args, options) =>
      runCommand(...wrap(program, args), { ...options, env: { ...options.env, PATH: env.PATH } }),
    clock: { now: Date.now, sleep: (ms) => sleep(ms) },
    conf,
  })
  let accounting: { stop(): Promise<void> } | undefined
  const start = (program: string, args: readonly string[], more: Record<string, string> = {}): number => {
    const [command, words] = wrap(program, args)
    const log = openSync(join(folder, `${program}.out`), 'a')
    const { pid } = spawn(command, words, { stdio: ['ignore', log, log], env: { ...process.env, ...env, ...more } })
    closeSync(log)
    if (pid === undefined) throw new Error(`cannot run ${program}`)
    return pid
  }
  const daemon = (name: string) => Number(readFileSync(join(folder, `${name}.pid`), 'utf8'))
  const slurm: RealSlurm = {
    client,
    conf,
    programs(names) {
      const bin = join(folder, 'bin')
      mkdirSync(bin, { recursive: true })
      for (const name of names) {
        const [command, words] = wrap(name, [])
        // nsenter and chroot are this machine's, and what they run is found by the PATH that they pass on.
        const line = `SLURM_CONF=${conf} PATH=${env.PATH} exec ${[command, ...words].join(' ')} "$@"`
        writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 })
      }
      return bin
    },
    run,
    startSlurmd: (name, dynamic) =>
      must('slurmd', '-N', name, ...(dynamic === undefined ? [] : ['-Z', '--conf', dynamic])),
    stopController: () => end(daemon('slurmctld')),
    startController: () => must('slurmctld'),
    async stop() {
      // Jobs outlive their slurmd: end them while there is one.
      await run('scancel', '--user=root')
        .then(() =>
          until(
            async () => (await client.snapshot()).jobs.every((job) => job.nodes === undefined),
            'the end of all jobs',
          ),
        )
        .catch(() => {})
      await slurm.rest?.stop()
      const names = ['slurmctld', 'slurmdbd', 'munged', ...slurmdNames(folder)]
      for (const name of names) if (existsSync(join(folder, `${name}.pid`))) await end(daemon(name))
      await accounting?.stop()
      if (holder) await end(holder.pid)
      endJobs(basename(folder))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    const version = (await run('slurmd', '-V')).stdout
    const tokens = options.rest ? tokenLines(folder, place.root ?? '/') : []
    const extra = [...(options.conf ?? []), ...tokens]
    // All at once: a port that is free again may be given a second time.
    const [port = 0, databasePort = 0, restPort = 0, ...ports] = await freePorts(7)
    if (options.accounting) extra.push(...accountingLines(folder, port))
    await writeConfiguration(folder, /\b2[123]\./.test(version), ports, extra)
    await options.prepare?.(conf)
    await must('munged', '--force', ...mungeOptions(folder))
    if (options.accounting) {
      accounting = await startAccounting({ folder, port, databasePort, lines: tokens, end, until })
      await must('slurmdbd')
      await until(async () => (await run('sacctmgr', '-n', 'show', 'cluster')).code === 0, 'slurmdbd')
    }
    await must('slurmctld')
    await until(async () => (await client.ping())[0]?.up === true)
    for (const name of ['n1', 'n2']) await slurm.startSlurmd(name)
    await until(async () => (await client.snapshot()).nodes.filter((node) => node.version !== undefined).length === 2)
    if (options.rest) {
      slurm.rest = slurmrestd(tokens.length > 0 ? { port: restPort } : { folder }, start, end)
      if (tokens.length > 0)
        slurm.rest.token = /SLURM_JWT=(\S+)/.exec((await run('scontrol', 'token', 'lifespan=3600')).stdout)?.[1] ?? ''
      else if (options.accounting)
        await must('sacctmgr', '-i', 'add', 'user', 'slurm', 'account=root', 'adminlevel=Admin')
      await slurm.rest.start()
    }
  } catch (error) {
    await slurm.stop()
    throw error
  }
  return slurm
}

/** Lines of slurm.conf and slurmdbd.conf for tokens; none where Slurm's plugin for them is not installed. */
function tokenLines(folder: string, root: string): string[] {
  const libraries = join(root, 'usr/lib')
  const has = readdirSync(libraries).some((name) => existsSync(join(libraries, name, 'slurm-wlm/auth_jwt.so')))
  return has ? ['AuthAltTypes=auth/jwt', `AuthAltParameters=jwt_key=${folder}/jwt.key`] : []
}

/**
 * slurmrestd, which refuses to run as root or SlurmUser. On a port it may do what the caller's token may, on a socket what its
 * own user may: an administrator's work where accounting says so.
 */
function slurmrestd(
  address: { port: number } | { folder: string },
  start: (program: string, args: readonly string[], env: Record<string, string>) => number,
  end: (pid: number) => Promise<void>,
): RealRest {
  let pid: number | undefined
  const listen = 'port' in address ? `127.0.0.1:${address.port}` : `unix:${address.folder}/rest/socket`
  const url = 'port' in address ? `http://${listen}` : listen
  const auth = 'port' in address ? 'rest_auth/jwt' : 'rest_auth/local'
  return {
    url,
    async start() {
      const env = 'port' in address ? { SLURM_JWT: 'daemon' } : {}
      pid = start('slurmrestd', ['-u', 'slurm', '-g', 'slurm', '-a', auth, listen], env)
      const base = 'port' in address ? url : 'http://localhost'
      await until(async () => (await fetchAt(url)(`${base}/openapi`)).status > 0, 'slurmrestd')
    },
    async stop() {
      if (pid !== undefined) await end(pid)
      pid = undefined
    },
  }
}

/** Waits for a condition, 30 s at most unless told. */
export async function until(condition: () => Promise<boolean>, what = 'condition', longestMs = 30_000): Promise<void> {
  const end = Date.now() + longestMs
  let last: unknown
  while (Date.now() < end) {
    try {
      if (await condition()) return
      last = undefined
    } catch (error) {
      last = error
    }
    await sleep(200)
  }
  throw new Error(`${what} did not come true within ${longestMs / 1000} s`, { cause: last })
}

/** A process with mounts of its own: the root under an overlay, so that nothing is written to it, and our folder in it. */
async function enterRoot(root: string, folder: string): Promise<{ pid: number }> {
  const merged = join(folder, 'root')
  const script = [
    'mkdir -p "$2/over" "$2/root"',
    'mount -t tmpfs none "$2/over"',
    'mkdir "$2/over/up" "$2/over/work"',
    'mount -t overlay -o "lowerdir=$1,upperdir=$2/over/up,workdir=$2/over/work" none "$2/root"',
    'mkdir -p "$2/root$2"',
    'mount --bind "$2" "$2/root$2"',
    'for d in proc dev sys; do mount --rbind "/$d" "$2/root/$d"; done',
    'cp /etc/hosts "$2/root/etc/hosts"',
    'touch "$2/entered"',
    'exec sleep infinity',
  ].join(' && ')
  const child = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', root, folder], {
    stdio: 'ignore',
  })
  const { pid } = child
  if (pid === undefined) throw new Error('cannot run unshare')
  await until(async () => existsSync(join(folder, 'entered')), `mounts of ${merged}`)
  return { pid }
}

async function writeConfiguration(
  folder: string,
  old: boolean,
  ports: readonly number[],
  extra: readonly string[],
): Promise<void> {
  for (const name of ['state', 'spool', 'munge', 'dev']) mkdirSync(join(folder, name), { recursive: true, mode: 0o755 })
  for (let index = 0; index < 8; index++)
    await runCommand('mknod', [join(folder, `dev/gpu${index}`), 'c', '195', String(index)], { deadlineMs: 5_000 })
  writeFileSync(join(folder, 'munge/key'), Buffer.alloc(64, folder), { mode: 0o400 })
  mkdirSync(join(folder, 'rest'), { mode: 0o777 })
  chmodSync(join(folder, 'rest'), 0o777)
  writeFileSync(join(folder, 'jwt.key'), Buffer.alloc(32, folder), { mode: 0o600 })
  writeFileSync(join(folder, 'gres.conf'), `NodeName=n[1-2] Name=gpu Type=h100 File=${folder}/dev/gpu[0-7]\n`)
  writeFileSync(join(folder, 'cgroup.conf'), `CgroupPlugin=${old ? 'cgroup/v1' : 'disabled'}\n`)
  const [controller, slurmd, n1, n2] = ports
  writeFileSync(
    join(folder, 'slurm.conf'),
    `ClusterName=test
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${controller}
SlurmdPort=${slurmd}
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
GresTypes=gpu
SlurmdParameters=config_overrides
MailProg=/bin/true
MaxNodeCount=16
MessageTimeout=5
SchedulerParameters=bf_interval=2,sched_interval=2
ResumeProgram=/bin/true
SuspendProgram=/bin/true
SuspendTime=-1
NodeName=DEFAULT CPUs=8 RealMemory=1000
NodeName=n1 NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${n1} Gres=gpu:h100:8 Feature=hopper,ib
NodeName=n2 NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${n2} Gres=gpu:h100:8
NodeName=fut[1-2] NodeAddr=127.0.0.1 State=FUTURE
NodeName=cloud-[001-003] State=CLOUD
PartitionName=gpu Nodes=n[1-2],fut[1-2] Default=YES
PartitionName=all Nodes=ALL Hidden=YES
${extra.map((line) => `${line}\n`).join('')}`,
  )
}

function mungeOptions(folder: string): string[] {
  const at = (name: string) => join(folder, name)
  const files = ['--socket', at('munge/socket'), '--key-file', at('munge/key'), '--log-file', at('munge/log')]
  return [...files, '--seed-file', at('munge/seed'), '--pid-file', at('munged.pid')]
}

function slurmdNames(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => /^(slurmd-.+)\.pid$/.exec(name)?.[1] ?? [])
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address && typeof address === 'object') ports.push(address.port)
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
  return ports
}

/**
 * Kills what is left of jobs: a job that slurmctld had lost outlives it, and its slurmstepd, which works in the cluster's folder, tells of the
 * end for ever, to nobody.
 */
function endJobs(folderName: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      // slurmstepd makes each script the head of a process group.
      if (command.includes(`/${folderName}/spool/`)) process.kill(-Number(pid), 'SIGKILL')
      else if (basename(readlinkSync(`/proc/${pid}/cwd`)) === folderName) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
}

async function end(pid: number): Promise<void> {
  const isThere = () => {
    try {
      process.kill(pid, 0)
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return false
    }
  }
  for (let turn = 0; isThere(); turn++) {
    process.kill(pid, turn < 25 ? 'SIGTERM' : 'SIGKILL')
    await sleep(200)
  }
}
