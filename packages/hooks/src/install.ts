import { dirname } from 'node:path/posix'
import { onlySetting } from './conf-text.ts'
import type { FileChange, FileContent } from './file-change.ts'
import { recordFile } from './hook-places.ts'
import { formatRecord, parseRecord } from './install-record.ts'
import type { Machine } from './machine.ts'
import { type InstallWishes, interestOf, type NewFolder, planInstall, type Site } from './plan-install.ts'
import { addToRecord, type InstallRecord, planRemove, type RemovePlan, recordAfter } from './plan-remove.ts'
import {
  findSlurmConf,
  output,
  readConfFiles,
  runningConfig,
  runningHookValues,
  type SlurmCommands,
} from './slurm-here.ts'

/** Where and how the hooks are installed or removed. */
export interface HooksContext {
  machine: Machine
  run: SlurmCommands
  /** slurm.conf, when it is named. */
  conf?: string | undefined
  /** Whose new files are. */
  owner: { uid: number; gid: number }
}

export interface InstallOutcome {
  confFile: string
  /** slurmctld sent the configuration, so that the controller's is to be changed. */
  copy: boolean
  changes: FileChange[]
  folders: NewFolder[]
  /** An agent takes up what hooks leave. */
  agent: boolean
}

/**
 * Installs the hooks, or tells what that would change.
 * @throws HooksError when something stands in the way; then nothing was changed, or the record tells what was
 */
export async function installHooks(
  context: HooksContext,
  wishes: InstallWishes & { dryRun?: boolean; agentFolder: string },
): Promise<InstallOutcome> {
  const { machine } = context
  const { site, path } = await readSite(context)
  const { changes, folders } = planInstall(site, wishes)
  const agent = (await machine.stat(wishes.agentFolder))?.kind === 'folder'
  const outcome: InstallOutcome = { confFile: path, copy: site.copy, changes, folders, agent }
  if (wishes.dryRun || (changes.length === 0 && folders.length === 0)) return outcome
  const made: string[] = []
  for (const change of changes) made.push(...(await machine.makeFolder(dirname(change.path))))
  for (const folder of folders) made.push(...(await machine.makeFolder(folder.path, folder)))
  // Before the first change: whatever happens then, it can be taken back.
  await writeRecord(context, addToRecord(await readRecord(machine), changes, made))
  for (const change of changes) await machine.apply(change)
  return outcome
}

export interface RemoveOutcome extends RemovePlan {
  /** Nothing had been installed. */
  nothing: boolean
}

/** Takes back what was installed, or tells what that would change. @throws HooksError */
export async function removeHooks(
  context: HooksContext,
  options: { now?: boolean; dryRun?: boolean },
): Promise<RemoveOutcome> {
  const { machine, run } = context
  const record = await readRecord(machine)
  if (!record) return { changes: [], kept: [], problems: [], nothing: true }
  const current = new Map<string, FileContent>()
  const folders = new Map<string, readonly string[]>()
  for (const { path } of record.changes) {
    const content = await machine.readFile(path)
    if (content) current.set(path, content)
    folders.set(dirname(path), (await machine.list(dirname(path))) ?? [])
  }
  const running = await runningConfig(run)
  // In an image nothing runs.
  const values = run ? running && runningHookValues(running.settings) : []
  const plan = planRemove(record, current, { values, folders }, options)
  if (options.dryRun) return { ...plan, nothing: false }
  for (const change of plan.changes) await machine.apply(change)
  const left = recordAfter(record, plan)
  if (left) await writeRecord(context, left)
  else {
    await machine.apply({ path: recordFile, after: undefined })
    for (const folder of record.folders.toReversed()) await machine.removeFolder(folder)
  }
  return { ...plan, nothing: false }
}

async function readSite({ machine, run, conf: named, owner }: HooksContext): Promise<{ site: Site; path: string }> {
  const { path, folder, copy } = await findSlurmConf(machine, run, named)
  const conf = await readConfFiles(machine, path)
  const interest = interestOf({ conf, folder })
  const files = new Map<string, FileContent>()
  for (const one of [...interest.files, ...conf.keys()]) {
    const content = await machine.readFile(one)
    if (content) files.set(one, content)
  }
  const folders = new Map<string, readonly string[]>()
  for (const one of interest.folders) {
    const names = await machine.list(one)
    if (names) folders.set(one, names)
  }
  const slurmUser = await findUser(run, onlySetting(conf, 'SlurmUser')?.value ?? 'root')
  return { site: { conf, folder, copy, files, folders, owner, ...(slurmUser && { slurmUser }) }, path }
}

/** An account of this machine; undefined where there is none of the name, or for an image. */
async function findUser(run: SlurmCommands, name: string): Promise<Site['slurmUser']> {
  const [uid, gid] = [await output(run, 'id', ['-u', name]), await output(run, 'id', ['-g', name])]
  if (uid === undefined || gid === undefined) return undefined
  return { name, uid: Number(uid), gid: Number(gid) }
}

/** What was installed on the machine; undefined when nothing was. @throws HooksError */
export async function readRecord(machine: Machine): Promise<InstallRecord | undefined> {
  const text = await machine.readText(recordFile)
  return text === undefined ? undefined : parseRecord(text)
}

async function writeRecord({ machine, owner }: HooksContext, record: InstallRecord): Promise<void> {
  await machine.makeFolder(dirname(recordFile))
  await machine.apply({ path: recordFile, after: { text: formatRecord(record), mode: 0o600, ...owner } })
}
