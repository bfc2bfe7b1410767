import { readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@navarch/system/clock'
import { LabError } from './errors.ts'

/** Where the control group hierarchies are mounted. */
export interface CgroupMounts {
  /** The v2 hierarchy; undefined when it is not mounted. */
  unified: string | undefined
  /** All hierarchies, v1 ones too: nspawn mirrors a host's group in v1's `name=systemd`. */
  all: string[]
}

/** Parses `/proc/self/mounts`. */
export function parseCgroupMounts(mounts: string): CgroupMounts {
  const rows = mounts.split('\n').map((line) => line.split(' '))
  const path = (row: string[]) => row[1] ?? ''
  return {
    unified: rows.filter((row) => row[2] === 'cgroup2').map(path)[0],
    all: rows.filter((row) => row[2] === 'cgroup' || row[2] === 'cgroup2').map(path),
  }
}

/** Where this machine's control groups are mounted. */
export async function readCgroupMounts(): Promise<CgroupMounts> {
  return parseCgroupMounts(await readFile('/proc/self/mounts', 'utf8'))
}

/** The v2 control group of a lab, or of one of its hosts: everything that runs for it is in there. */
export async function cgroupPath(lab: string, host?: string): Promise<string> {
  const { unified } = await readCgroupMounts()
  if (!unified) throw new LabError('no cgroup2 file system is mounted')
  return join(unified, 'navarch-lab', lab, host ?? '')
}

/** Ids of all processes in the group and below it; empty when the group does not exist. */
export async function cgroupProcesses(group: string): Promise<number[]> {
  const own = (await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n').filter(Boolean)
  const below = await Promise.all((await subgroups(group)).map(cgroupProcesses))
  return [...own.map(Number).filter((pid) => pid > 0), ...below.flat()]
}

/**
 * Kills all processes in the group and below it at once and waits for their end.
 * Does nothing when the group does not exist.
 * @throws LabError when a process is still there after 15 s
 */
export async function killCgroup(group: string, clock: Clock): Promise<void> {
  const giveUpAt = clock.now() + 15_000
  for (;;) {
    const left = await cgroupProcesses(group)
    if (left.length === 0) return
    if (clock.now() >= giveUpAt) throw new LabError(`processes ${left.join(', ')} in ${group} do not end`)
    await writeFile(join(group, 'cgroup.kill'), '1')
    await clock.sleep(20)
  }
}

/** Removes the empty groups of a lab or host from all hierarchies. */
export async function removeCgroups(lab: string, host?: string): Promise<void> {
  const { all } = await readCgroupMounts()
  for (const mount of all) await removeTree(join(mount, 'navarch-lab', lab, host ?? ''))
  if (host === undefined) for (const mount of all) await rmdir(join(mount, 'navarch-lab')).catch(() => {})
}

async function removeTree(group: string): Promise<void> {
  for (const child of await subgroups(group)) await removeTree(child)
  await rmdir(group).catch(() => {})
}

async function subgroups(group: string): Promise<string[]> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(group, entry.name))
}
