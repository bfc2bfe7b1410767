import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseMirror, readAptSources } from './apt-sources.ts'
import type { LabContext } from './context.ts'
import { LabUnavailableError } from './errors.ts'
import { withLock } from './lock.ts'
import { mustRun } from './must-run.ts'

/** Debian suites whose own Slurm a lab can run: 22.05, 24.11, and 26.05 or newer. */
export type Suite = 'bookworm' | 'trixie' | 'forky'

export const suites: readonly Suite[] = ['bookworm', 'trixie', 'forky']

/** What a root is for: hosts that share this machine's kernel, or virtual machines with a kernel of their own. */
export type RootKind = 'host' | 'vm'

/** A root file system that hosts are made from. Never changed once built. */
export interface LabRoot {
  suite: Suite
  kind: RootKind
  path: string
  /** As `slurmctld -V` in it says, e.g. "22.05.8". */
  slurmVersion: string
}

export interface EnsureRootOptions {
  suite: Suite
  /** Default `host`. */
  kind?: RootKind
  /** Default `/var/cache/navarch/lab`. */
  cacheDir?: string
  /** Folder with apt's sources, which name the mirror. Default `/etc/apt`. */
  aptDir?: string
}

/** Counted up when what is installed changes, so that older roots are built again. */
const recipe = 2

const packages = [
  ...[
    'slurmctld',
    'slurmd',
    'slurmdbd',
    'slurmrestd',
    'slurm-client',
    'munge',
    'systemd',
    'systemd-sysv',
    'dbus',
    'openssh-server',
  ],
  ...['iproute2', 'iputils-ping', 'procps', 'hostname', 'curl', 'ca-certificates', 'sudo', 'jq'],
  // Node's own executables are linked with these two.
  ...['libstdc++6', 'libatomic1'],
]

/** Debian's kernel for clouds has what a virtual machine needs, in modules that its initrd loads. */
const vmPackages = ['linux-image-cloud-amd64', 'kmod']
/** What makes the initrd. forky's kernel asks for dracut, which cannot be there beside it. */
const initrdPackages = (suite: Suite) => (suite === 'forky' ? [] : ['initramfs-tools'])

/** Units with nothing to do on a host that lives for minutes; some fail in a container. */
const maskedUnits = [
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'fstrim.timer', 'e2scrub_all.timer'],
  ...['e2scrub_reap.service', 'systemd-modules-load.service', 'systemd-pstore.service', 'console-getty.service'],
]

/**
 * The root file system of a suite, built with debootstrap when the cache lacks it (a minute or two).
 * A build that was cut short leaves nothing that a later call would take for a root.
 * @throws LabUnavailableError when no mirror is configured or the mirror has no such suite
 */
export function ensureRoot(context: LabContext, options: EnsureRootOptions): Promise<LabRoot> {
  const { cacheDir = '/var/cache/navarch/lab', kind = 'host', suite } = options
  const lock = { clock: context.clock, deadlineMs: 20 * 60_000 }
  return withLock(`root:${cacheDir}:${folderName(suite, kind)}`, lock, async () => {
    return (await readRoot(cacheDir, suite, kind)) ?? (await buildRoot(context, { ...options, cacheDir, kind }))
  })
}

function folderName(suite: Suite, kind: RootKind): string {
  return kind === 'host' ? suite : `${suite}-${kind}`
}

/** The cached root of a suite, or undefined when it has to be built. Changes nothing. */
export async function readRoot(cacheDir: string, suite: Suite, kind: RootKind = 'host'): Promise<LabRoot | undefined> {
  const folder = join(cacheDir, folderName(suite, kind))
  const text = await readFile(join(folder, 'root.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const about: { slurmVersion?: unknown; recipe?: unknown } = JSON.parse(text)
  if (about.recipe !== recipe || typeof about.slurmVersion !== 'string') return undefined
  return { suite, kind, path: join(folder, 'root'), slurmVersion: about.slurmVersion }
}

async function buildRoot(
  { run }: LabContext,
  { suite, kind, cacheDir, aptDir = '/etc/apt' }: EnsureRootOptions & { cacheDir: string; kind: RootKind },
): Promise<LabRoot> {
  const mirror = chooseMirror(await readAptSources(aptDir))
  if (!mirror) throw new LabUnavailableError(`${aptDir} names no Debian mirror to build ${suite} from`)

  const name = folderName(suite, kind)
  const build = join(cacheDir, `.${name}.build`)
  const root = join(build, 'root')
  await rm(build, { recursive: true, force: true })
  await mkdir(root, { recursive: true })
  await debootstrap(
    run,
    suite,
    root,
    mirror,
    kind === 'vm' ? [...packages, ...vmPackages, ...initrdPackages(suite)] : packages,
  )
  await clean(root)

  const version = await mustRun(run, 'chroot', [root, 'slurmctld', '-V'])
  const slurmVersion = /\d+\.\d+\.\d+/.exec(version)?.[0]
  if (!slurmVersion) throw new LabUnavailableError(`slurmctld of ${suite} does not tell its version: ${version.trim()}`)

  await writeFile(join(build, 'root.json'), `${JSON.stringify({ suite, slurmVersion, recipe })}\n`)
  await rm(join(cacheDir, name), { recursive: true, force: true })
  await rename(build, join(cacheDir, name))
  return { suite, kind, path: join(cacheDir, name, 'root'), slurmVersion }
}

async function debootstrap(
  run: LabContext['run'],
  suite: Suite,
  root: string,
  mirror: string,
  packages: readonly string[],
): Promise<void> {
  // debootstrap of Debian 12 does not know suites younger than itself; sid's recipe builds them.
  const script = suite === 'forky' ? ['/usr/share/debootstrap/scripts/sid'] : []
  const args = ['--variant=minbase', `--include=${packages.join(',')}`, suite, root, mirror, ...script]
  const result = await run('debootstrap', args, { deadlineMs: 15 * 60_000 })
  if (result.code === 0) return
  const said = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-3).join('; ')
  throw new LabUnavailableError(`debootstrap cannot build ${suite}: ${said}`)
}

/** Takes away what must differ between hosts, and what they do not need. */
async function clean(root: string): Promise<void> {
  const at = (...parts: string[]) => join(root, ...parts)
  const hostKeys = (await readdir(at('etc/ssh'))).filter((name) => name.startsWith('ssh_host_'))
  const secrets = [...hostKeys.map((name) => at('etc/ssh', name)), at('etc/munge/munge.key')]
  for (const path of [...secrets, at('etc/hostname'), at('etc/resolv.conf')]) await rm(path, { force: true })
  for (const folder of ['var/cache/apt/archives', 'var/lib/apt/lists']) {
    await rm(at(folder), { recursive: true, force: true })
    await mkdir(at(folder, 'partial'), { recursive: true })
  }
  await rm(at('etc/machine-id'), { force: true })
  await writeFile(at('etc/machine-id'), '')

  const units = at('etc/systemd/system')
  for (const unit of maskedUnits) {
    await rm(join(units, unit), { force: true })
    await symlink('/dev/null', join(units, unit))
  }
  const wanted = join(units, 'multi-user.target.wants')
  for (const unit of ['munge', 'slurmctld', 'slurmd', 'slurmdbd', 'slurmrestd'])
    await rm(join(wanted, `${unit}.service`), { force: true })
}
