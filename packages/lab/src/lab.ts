import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bridgeName, labNetwork } from './addresses.ts'
import { cgroupPath, killCgroup, removeCgroups } from './cgroups.ts'
import type { LabContext } from './context.ts'
import { LabError, LabUnavailableError } from './errors.ts'
import { withLock } from './lock.ts'
import { isMounted, unmountAll } from './mounts.ts'
import { mustRun } from './must-run.ts'
import { bridgeDown, bridgeUp, findFreeLabNumber } from './network.ts'
import { missingPrerequisites } from './prerequisites.ts'

/** A network of hosts on this machine. */
export interface Lab {
  name: string
  number: number
  bridge: string
  /** This machine's address in the lab: what hosts call to reach a control plane that runs here. */
  bridgeAddress: string
  /** e.g. `10.213.0.0/24` */
  cidr: string
  /** Folder with the lab's state, on its own tmpfs. */
  dir: string
}

/** Lab and host names become folders, interface aliases and host names. */
const labName = /^[a-z][a-z0-9-]{0,15}$/

/**
 * Makes the lab, or finds it when it is there: its folder, its bridge, its address.
 * @throws LabUnavailableError when this machine cannot run labs
 */
export async function openLab(context: LabContext, name: string): Promise<Lab> {
  if (!labName.test(name)) throw new LabError(`lab name "${name}": use a letter, then at most 15 of a-z, 0-9 and "-"`)
  const { packages, problems } = await missingPrerequisites()
  const install = packages.length > 0 ? [`install ${packages.join(' ')}`] : []
  if (packages.length + problems.length > 0) throw new LabUnavailableError([...problems, ...install].join('; '))

  return lockLabs(context, async () => {
    const dir = join(context.stateDir, name)
    await mkdir(dir, { recursive: true })
    if (!(await isMounted(dir)))
      await mustRun(context.run, 'mount', ['-t', 'tmpfs', '-o', 'mode=755', 'navarch-lab', dir])
    const number = (await readNumber(dir)) ?? (await findFreeLabNumber(context.run))
    await writeJson(join(dir, 'lab.json'), { name, number })
    await bridgeUp(context.run, name, number)
    return describe(name, number, dir)
  })
}

/** The lab as it is on disk, or undefined when there is none of that name. Changes nothing. */
export async function findLab(context: LabContext, name: string): Promise<Lab | undefined> {
  const dir = join(context.stateDir, name)
  const number = await readNumber(dir)
  return number === undefined ? undefined : describe(name, number, dir)
}

/** Names of all labs on this machine, sorted, half-made ones too. */
export async function listLabs(context: LabContext): Promise<string[]> {
  const entries = await readdir(context.stateDir, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

/**
 * Ends a lab: every process of its hosts, its mounts, bridge, control groups and files, whoever made them and however
 * far that got. Not there is no error.
 */
export function destroyLab(context: LabContext, name: string): Promise<void> {
  if (!labName.test(name)) return Promise.reject(new LabError(`lab name "${name}" is none`))
  return lockLabs(context, () =>
    lockLab(context, name, async () => {
      const dir = join(context.stateDir, name)
      await killCgroup(await cgroupPath(name), context.clock)
      await removeCgroups(name)
      await unmountAll(context.run, dir)
      await rm(dir, { recursive: true, force: true })
      await rmdir(context.stateDir).catch(() => {})
      await bridgeDown(context.run, name)
      await removePropagationFolders(`${name}.`)
    }),
  )
}

/** Runs `work` while no other call changes the lab `name`. */
export function lockLab<T>(context: LabContext, name: string, work: () => Promise<T>): Promise<T> {
  return withLock(`lab:${join(context.stateDir, name)}`, { clock: context.clock, deadlineMs: 60_000 }, work)
}

function lockLabs<T>(context: LabContext, work: () => Promise<T>): Promise<T> {
  return withLock(`labs:${context.stateDir}`, { clock: context.clock, deadlineMs: 60_000 }, work)
}

/** nspawn leaves an empty folder per machine name behind when it is killed. */
export async function removePropagationFolders(prefix: string): Promise<void> {
  const folder = '/run/systemd/nspawn/propagate'
  const names = await readdir(folder).catch(() => [])
  for (const name of names) if (name.startsWith(prefix)) await rmdir(join(folder, name)).catch(() => {})
}

/** Writes a JSON file so that a reader sees the old or the new one, never a part. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(value)}\n`)
  await rename(`${path}.new`, path)
}

function describe(name: string, number: number, dir: string): Lab {
  return { name, number, dir, bridge: bridgeName(number), ...labNetwork(number) }
}

async function readNumber(dir: string): Promise<number | undefined> {
  const text = await readFile(join(dir, 'lab.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { number }: { number?: unknown } = JSON.parse(text)
  return typeof number === 'number' ? number : undefined
}
