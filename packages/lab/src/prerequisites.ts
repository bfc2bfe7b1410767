import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { readCgroupMounts } from './cgroups.ts'

/** What this machine lacks to run a lab; both empty when it can. */
export interface MissingPrerequisites {
  /** Debian packages to install. */
  packages: string[]
  /** What no package cures, one sentence each. */
  problems: string[]
}

const tools: readonly { tool: string; package: string }[] = [
  { tool: 'debootstrap', package: 'debootstrap' },
  { tool: 'systemd-nspawn', package: 'systemd-container' },
  { tool: 'ip', package: 'iproute2' },
  { tool: 'nsenter', package: 'util-linux' },
  { tool: 'setsid', package: 'util-linux' },
  { tool: 'mount', package: 'mount' },
]

/**
 * Tells what has to be installed or granted before a lab can be started. Changes nothing.
 * @param options `uid` of this process and the folders where tools are looked for; the process's own by default
 */
export async function missingPrerequisites(
  options: { uid?: number | undefined; path?: readonly string[] } = {},
): Promise<MissingPrerequisites> {
  const path = options.path ?? ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin']
  const packages = new Set<string>()
  for (const { tool, package: name } of tools) if (!(await isInstalled(tool, path))) packages.add(name)
  return { packages: [...packages].sort(), problems: await findProblems(options.uid ?? process.getuid?.()) }
}

async function findProblems(uid: number | undefined): Promise<string[]> {
  if (process.platform !== 'linux') return [`labs run on Linux, not on ${process.platform}`]
  const problems: string[] = []
  if (uid !== 0) problems.push('labs need root: they mount, make bridges and boot containers')
  const { unified } = await readCgroupMounts()
  if (!unified) problems.push('no cgroup2 file system is mounted')
  else if (uid === 0 && !(await isWritable(unified))) problems.push(`${unified} is not writable`)
  return problems
}

async function isInstalled(tool: string, path: readonly string[]): Promise<boolean> {
  for (const folder of path) {
    const found = await access(join(folder, tool), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
}
