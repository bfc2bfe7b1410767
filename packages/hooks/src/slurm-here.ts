import { parseConfig } from '@navarch/slurm/config-record'
import type { RunCommand } from '@navarch/system/run-command'
import { type ConfFiles, folderOf, includedPaths, resolveInclude } from './conf-text.ts'
import { HooksError } from './hooks-error.ts'
import type { Machine } from './machine.ts'

/** Runs Slurm's programs on the machine; undefined for an image, where nothing runs. */
export type SlurmCommands = RunCommand | undefined

const usualPlaces = [
  '/etc/slurm/slurm.conf',
  '/etc/slurm-llnl/slurm.conf',
  '/usr/local/etc/slurm.conf',
  '/opt/slurm/etc/slurm.conf',
]
/** What slurmctld sent to a slurmd without a file of its own. */
const copies = [
  '/run/slurm/conf/slurm.conf',
  '/var/spool/slurmd/conf-cache/slurm.conf',
  '/var/spool/slurm/d/conf-cache/slurm.conf',
]
const deadlineMs = 10_000
const deepestInclude = 8

/** A slurm.conf, and the folder that the hooks' own folders are in. */
export interface FoundConf {
  path: string
  folder: string
  /** slurmctld sent it: a change belongs into the controller's. */
  copy: boolean
}

/**
 * Finds slurm.conf: the one that is named, the usual places, slurmd's copy, then where Slurm says that it is.
 * @throws HooksError when there is none
 */
export async function findSlurmConf(
  machine: Machine,
  run: SlurmCommands,
  named: string | undefined,
): Promise<FoundConf> {
  const found = async (path: string) => (await machine.stat(path))?.kind === 'file'
  const own = (path: string): FoundConf => ({ path, folder: folderOf(path), copy: false })
  if (named !== undefined) {
    if (await found(named)) return own(named)
    throw new HooksError(`${named}: there is no such file`, 'Name slurm.conf with --conf or SLURM_CONF.')
  }
  for (const path of usualPlaces) if (await found(path)) return own(path)
  for (const path of copies) if (await found(path)) return { path, folder: '/etc/slurm', copy: true }
  const said = (await runningConfig(run))?.settings['SLURM_CONF']
  if (said && (await found(said))) return own(said)
  throw new HooksError(`there is no slurm.conf in ${usualPlaces.join(', ')}`, 'Name it with --conf or SLURM_CONF.')
}

/** slurm.conf and what it includes. @throws HooksError when one of them is not there */
export async function readConfFiles(machine: Machine, main: string): Promise<ConfFiles> {
  const files = new Map<string, string>()
  const read = async (path: string, depth: number): Promise<void> => {
    if (files.has(path)) return
    const text = await machine.readText(path)
    if (text === undefined || depth > deepestInclude)
      throw new HooksError(
        `${path}: ${text === undefined ? 'there is no such file' : 'includes are nested too deeply'}`,
        `Correct what ${main} includes, then run this again.`,
      )
    files.set(path, text)
    for (const included of includedPaths(text)) await read(resolveInclude(main, included), depth + 1)
  }
  await read(main, 0)
  return files
}

/** What `scontrol show config` says; undefined when Slurm does not answer. */
export async function runningConfig(
  run: SlurmCommands,
): Promise<{ version: string | undefined; settings: Readonly<Record<string, string>> } | undefined> {
  const text = await output(run, 'scontrol', ['show', 'config'])
  if (text === undefined) return undefined
  try {
    const { version, settings } = parseConfig(text)
    return { version, settings }
  } catch {
    return undefined
  }
}

/** Values of Prolog, Epilog, PrologSlurmctld and EpilogSlurmctld of a running configuration; 24.11 and later number them. */
export function runningHookValues(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([key, value]) =>
    /^(Prolog|Epilog)(Slurmctld)?(\[\d+\])?$/.test(key) && value !== '(null)' && value !== '' ? [value] : [],
  )
}

/** Standard output of a command; undefined when it did not succeed in time. */
export async function output(
  run: SlurmCommands,
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  if (!run) return undefined
  const result = await run(program, args, { deadlineMs }).catch(() => undefined)
  return result?.code === 0 ? result.stdout : undefined
}
