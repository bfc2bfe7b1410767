/** Debian packages that the tests on real Slurm need, and how they get on the machine. */
import { access, chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { runCommand } from '@navarch/system/run-command'

/** What the tests use, by what they use it for. */
export const testPackages: readonly string[] = [
  ...['slurmctld', 'slurmd', 'slurmdbd', 'slurmrestd', 'slurm-client', 'munge'],
  'slurm-wlm-jwt-plugin',
  ...[
    'mariadb-server',
    'postgresql',
    'qemu-system-x86',
    'python3-venv',
    'dash',
    'busybox',
    'prometheus',
    'prometheus-alertmanager',
    'chromium',
  ],
  ...['debootstrap', 'systemd-container', 'iproute2', 'util-linux', 'mount', 'procps'],
  ...['openssh-client', 'openssh-server', 'sudo', 'curl', 'jq', 'zstd', 'ca-certificates', 'libatomic1'],
]

/** Debian asks this program before it starts a service; 101 forbids it. */
const policyFile = '/usr/sbin/policy-rc.d'

const deadlineMs = 10 * 60_000

/** Packages of `names` that are not installed; undefined when this is no Debian. */
export async function findMissingPackages(names: readonly string[] = testPackages): Promise<string[] | undefined> {
  const isDebian = await access('/etc/debian_version').then(
    () => true,
    () => false,
  )
  if (!isDebian) return undefined
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const format = ['--showformat', '${Package} ${db:Status-Status}\\n']
  const { stdout } = await runCommand('dpkg-query', ['--show', ...format, ...names], { deadlineMs: 60_000 })
  const installed = new Set(
    stdout.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])),
  )
  return names.filter((name) => !installed.has(name))
}

/** True when the tests may install packages: they were told so, and they are root. */
export function mayInstall(env: NodeJS.ProcessEnv, uid: number | undefined): boolean {
  return uid === 0 && (env['CI'] === 'true' || env['NAVARCH_TEST_INSTALL'] === '1')
}

/**
 * Installs packages with apt; none of their services is started. One that the mirror lacks does not stop the others.
 * @returns a sentence for each that could not be installed
 */
export async function installPackages(names: readonly string[]): Promise<string[]> {
  return withoutServices(async () => {
    const update = await apt('update')
    if (update !== undefined) return [`apt-get update: ${update}`]
    if ((await apt('install', ...names)) === undefined) return []
    const problems: string[] = []
    for (const name of names) {
      const problem = await apt('install', name)
      if (problem !== undefined) problems.push(`${name}: ${problem}`)
    }
    return problems
  })
}

/** @returns apt's last words when it fails */
async function apt(...args: string[]): Promise<string | undefined> {
  const options = ['--quiet', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120']
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const result = await runCommand('apt-get', [...options, ...args], { deadlineMs, env })
  return result.code === 0 ? undefined : (result.stderr.trim().split('\n').at(-1) ?? `ended with ${result.code}`)
}

async function withoutServices<T>(work: () => Promise<T>): Promise<T> {
  const before = await readFile(policyFile).catch(() => undefined)
  await writeFile(policyFile, '#!/bin/sh\nexit 101\n')
  await chmod(policyFile, 0o755)
  try {
    return await work()
  } finally {
    if (before === undefined) await rm(policyFile, { force: true })
    else await writeFile(policyFile, before)
  }
}
