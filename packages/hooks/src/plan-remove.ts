import { folderOf } from './conf-text.ts'
import { type FileChange, type FileContent, sameContent, takeBack } from './file-change.ts'
import { isPattern, matchesPattern } from './hook-places.ts'

/** What `navarch hooks install` did on a machine, over all its runs. */
export interface InstallRecord {
  version: 1
  changes: FileChange[]
  /** Folders that it made, the outer ones first. */
  folders: string[]
}

/** The record after more changes: of each file what was before the first one and after the last. */
export function addToRecord(
  record: InstallRecord | undefined,
  changes: readonly FileChange[],
  folders: readonly string[],
): InstallRecord {
  const byPath = new Map((record?.changes ?? []).map((change) => [change.path, change]))
  for (const { path, before, after } of changes) {
    const first = byPath.get(path)
    byPath.set(path, { path, before: first ? beforeBoth(first, before) : before, after })
  }
  return {
    version: 1,
    changes: [...byPath.values()].filter(({ before, after }) => !sameContent(before, after)),
    folders: [...new Set([...(record?.folders ?? []), ...folders])],
  }
}

/** A file without what an earlier installation did to it: what the site changed in between stays. */
function beforeBoth(first: FileChange, now: FileContent | undefined): FileContent | undefined {
  if (!first.before || !first.after || !now || now.text === first.after.text) return first.before
  const taken = takeBack(first.before.text, first.after.text, now.text)
  return 'text' in taken ? { ...now, text: taken.text } : now
}

/** What Slurm runs with, as far as it is known. */
export interface RunningHooks {
  /** Values of Prolog, Epilog and their kin by `scontrol show config`; undefined when Slurm does not answer. */
  values: readonly string[] | undefined
  /** Names in the folders of our scripts. */
  folders: ReadonlyMap<string, readonly string[]>
}

export interface RemovePlan {
  /** The configuration first, then programs. */
  changes: FileChange[]
  /** Programs that stay, since Slurm may still run them: without them every job would fail on its node. */
  kept: string[]
  /** What cannot be taken back, each with its reason. */
  problems: { path: string; reason: string }[]
}

/**
 * Decides how to take back what was installed. Files that were changed since keep what was changed.
 * A program goes only when Slurm does not run it any more: a Prolog that is missing drains the node.
 */
export function planRemove(
  record: InstallRecord,
  current: ReadonlyMap<string, FileContent>,
  running: RunningHooks,
  options: { now?: boolean } = {},
): RemovePlan {
  const plan: RemovePlan = { changes: [], kept: [], problems: [] }
  const [created, changed] = [record.changes.filter((one) => !one.before), record.changes.filter((one) => one.before)]
  for (const { path, before, after } of changed.toReversed()) {
    const now = current.get(path)
    if (!now || !before || now.text === before.text) continue
    if (now.text === after?.text) {
      plan.changes.push({ path, before: now, after: before })
      continue
    }
    const taken = takeBack(before.text, after?.text ?? '', now.text)
    if ('text' in taken) plan.changes.push({ path, before: now, after: { ...now, text: taken.text } })
    else plan.problems.push({ path, reason: `it was changed since, and has no line ${JSON.stringify(taken.missing)}` })
  }
  const isProgram = ({ after }: FileChange) => ((after?.mode ?? 0) & 0o111) !== 0
  // Settings go after the programs that read them.
  for (const change of [...created.toReversed().filter(isProgram), ...created.filter((one) => !isProgram(one))]) {
    const { path, after } = change
    const now = current.get(path)
    if (!now) continue
    const inUse = isProgram(change) ? !options.now && mayRun(path, running) : plan.kept.length > 0
    if (now.text !== after?.text) plan.problems.push({ path, reason: 'it was changed since' })
    else if (inUse) plan.kept.push(path)
    else plan.changes.push({ path, before: now, after: undefined })
  }
  return plan
}

/** What of the record is left when the plan has been carried out. */
export function recordAfter(record: InstallRecord, { kept, problems }: RemovePlan): InstallRecord | undefined {
  const open = new Set([...kept, ...problems.map(({ path }) => path)])
  const changes = record.changes.filter(({ path }) => open.has(path))
  return changes.length === 0 ? undefined : { ...record, changes }
}

function mayRun(path: string, { values, folders }: RunningHooks): boolean {
  if (!values) return true
  const [folder, name] = [folderOf(path), path.slice(path.lastIndexOf('/') + 1)]
  return values.some((value) => {
    if (value === path) return true
    if (!isPattern(value) || folderOf(value) !== folder) return false
    const pattern = value.slice(value.lastIndexOf('/') + 1)
    const others = (folders.get(folder) ?? []).filter((other) => other !== name && matchesPattern(pattern, other))
    return others.length === 0
  })
}
