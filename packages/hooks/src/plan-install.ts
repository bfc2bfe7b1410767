import {
  type ConfFiles,
  type ConfSetting,
  folderOf,
  onlySetting,
  placeOf,
  readConf,
  withLines,
  withValue,
} from './conf-text.ts'
import { dispatcherText, siteOfDispatcher } from './dispatcher.ts'
import { type FileChange, type FileContent, sameContent } from './file-change.ts'
import {
  controllerQueueFolder,
  type HookKind,
  hookFileName,
  hookKinds,
  isOurs,
  isPattern,
  matchesPattern,
  settingsFile,
} from './hook-places.ts'
import { hookScripts } from './hook-scripts.generated.ts'
import { HooksError } from './hooks-error.ts'

/** What a machine has, as far as the hooks are concerned. */
export interface Site {
  /** slurm.conf and what it includes. */
  conf: ConfFiles
  /** The folder that the hooks' own folders are in: that of slurm.conf, as far as it is no copy. */
  folder: string
  /** slurmctld sent the configuration: it is not to be changed here. */
  copy: boolean
  /** Files by path; one that is not in it is not there. Configuration files are in it too. */
  files: ReadonlyMap<string, FileContent>
  /** Names in folders; a folder that is not in it is not there. */
  folders: ReadonlyMap<string, readonly string[]>
  /** Whose new files are. */
  owner: { uid: number; gid: number }
  /** SlurmUser, when this machine knows that account. */
  slurmUser?: { name: string; uid: number; gid: number }
}

/** A folder to be made. */
export interface NewFolder {
  path: string
  mode: number
  uid: number
  gid: number
}

export interface InstallPlan {
  /** In the order in which they are safe: programs before the configuration that names them. Empty: all is there. */
  changes: FileChange[]
  folders: NewFolder[]
}

export interface InstallWishes {
  /** Where the service is, for hooks without an agent. */
  serviceUrl?: string
}

/** Files and folders that `planInstall` wants to know of. */
export function interestOf({ conf, folder }: Pick<Site, 'conf' | 'folder'>): { files: string[]; folders: string[] } {
  const places = hookKinds.flatMap((kind) => {
    const value = onlySetting(conf, kind.key)?.value
    const folders = [`${folder}/${kind.folder}`, ...(value === undefined ? [] : [folderOf(value)])]
    return folders.map((path) => ({ path, dispatcher: `${folder}/${kind.dispatcher}` }))
  })
  const files = places.flatMap(({ path, dispatcher }) => [`${path}/${hookFileName}`, dispatcher])
  return {
    files: [...new Set([...files, settingsFile])],
    folders: [...new Set([...places.map(({ path }) => path), controllerQueueFolder])],
  }
}

/**
 * Decides how our hooks come into a site's configuration. What the site runs already it goes on running.
 * @throws HooksError naming file, line and value of what cannot be changed safely
 */
export function planInstall(site: Site, wishes: InstallWishes = {}): InstallPlan {
  readConf(site.conf)
  const placed = hookKinds.map((kind) => ({ kind, ...placeHook(site, kind) }))
  requireOwnPlaces(placed)
  const programs = placed.flatMap(({ kind, script, dispatcher }) => [
    programChange(site, script, hookScripts[kind.event]),
    ...(dispatcher ? [programChange(site, dispatcher.path, dispatcher.text)] : []),
  ])
  const conf = changedConf(
    site.conf,
    placed.flatMap(({ kind, setting, value }) => (value === undefined ? [] : [{ key: kind.key, setting, value }])),
  )
  readConf(conf)
  const configuration = site.copy ? [] : [...conf].map(([path, text]) => textChange(site, path, text))
  return {
    changes: [...programs, ...settingsChange(site, wishes), ...configuration].filter(
      ({ before, after }) => !sameContent(before, after),
    ),
    folders: newFolders(site),
  }
}

interface Placed {
  /** Path of our script. */
  script: string
  dispatcher?: { path: string; text: string }
  /** The key as it is set now. */
  setting: ConfSetting | undefined
  /** What the key is to be; undefined: as it is. */
  value?: string
}

/** @throws HooksError when two hooks have one folder: their scripts would be one file, and both would run at each event */
function requireOwnPlaces(placed: readonly Placed[]): void {
  for (const [index, { script, setting }] of placed.entries()) {
    const other = placed.slice(0, index).find((one) => one.script === script)
    if (!other?.setting || !setting) continue
    throw new HooksError(
      `${placeOf(other.setting)} and ${placeOf(setting)}: ${other.setting.key} and ${setting.key} both run ${setting.value}`,
      'Give each a folder of its own, then run this again.',
    )
  }
}

function placeHook(site: Site, kind: HookKind): Placed {
  const { folder } = site
  const setting = onlySetting(site.conf, kind.key)
  const own = `${folder}/${kind.folder}`
  const script = `${own}/${hookFileName}`
  const dispatcherPath = `${folder}/${kind.dispatcher}`
  if (!setting) return { script, setting, value: freshValue(site, kind, own) }
  const { value } = setting
  if (!value.startsWith('/'))
    throw new HooksError(
      `${placeOf(setting)}: ${setting.key}=${value} is no absolute path`,
      value.includes('/') || isPattern(value)
        ? 'Write the absolute path, then run this again.'
        : 'slurmctld sends such a program to the nodes itself; write its absolute path on every node, then run this again.',
    )
  if (!/^[A-Za-z0-9._/@%+,:=*?[\]!-]+$/.test(value))
    throw new HooksError(
      `${placeOf(setting)}: ${setting.key}=${JSON.stringify(value)} has characters that a script cannot safely name`,
      'Rename the program, then run this again.',
    )
  if (value === script) return { script, setting }
  if (isPattern(value) && kind.pattern) return { script: inPattern(setting), setting }
  const siteOwn = value === dispatcherPath ? siteOfDispatcher(site.files.get(dispatcherPath)?.text ?? '') : value
  if (siteOwn === undefined)
    throw new HooksError(
      `${placeOf(setting)}: ${setting.key}=${value} is not what navarch hooks install writes there`,
      `Set ${setting.key} to the site's own program, then run this again.`,
    )
  const covered = isPattern(siteOwn) && folderOf(siteOwn) === own && matchesPattern(baseOf(siteOwn), hookFileName)
  const text = dispatcherText(kind, { site: siteOwn, ...(!covered && { hook: script }) })
  return {
    script,
    setting,
    dispatcher: { path: dispatcherPath, text },
    ...(value !== dispatcherPath && { value: dispatcherPath }),
  }
}

/** What a key that is not set becomes. A pattern must not make programs run that never ran. */
function freshValue(site: Site, kind: HookKind, folder: string): string {
  const others = (site.folders.get(folder) ?? []).filter((name) => name !== hookFileName && !name.startsWith('.'))
  return kind.pattern && others.length === 0 ? `${folder}/*` : `${folder}/${hookFileName}`
}

/** Our script's path in the folder of a site's pattern. */
function inPattern(setting: ConfSetting): string {
  const folder = folderOf(setting.value)
  if (isPattern(folder) || !matchesPattern(baseOf(setting.value), hookFileName))
    throw new HooksError(
      `${placeOf(setting)}: ${hookFileName} does not match ${setting.key}=${setting.value}`,
      `Use a pattern such as ${folder}/*, then run this again.`,
    )
  return `${folder}/${hookFileName}`
}

function programChange(site: Site, path: string, text: string): FileChange {
  const before = site.files.get(path)
  if (before && !isOurs(before.text))
    throw new HooksError(`${path} exists, and is not Navarch's`, 'Rename that file, then run this again.')
  return { path, before, after: { text, mode: 0o755, ...site.owner } }
}

/** The configuration with these keys set, and with prologs at allocation: else a node without a step has an end and no start. */
function changedConf(
  conf: ConfFiles,
  wanted: readonly { key: string; setting: ConfSetting | undefined; value: string }[],
): Map<string, string> {
  const flags = onlySetting(conf, 'PrologFlags')
  const has = (flags?.value ?? '').toLowerCase().split(',')
  const all = ['alloc', 'contain', 'x11', 'runinjob'].some((flag) => has.includes(flag))
    ? wanted
    : [...wanted, { key: 'PrologFlags', setting: flags, value: flags ? `${flags.value},Alloc` : 'Alloc' }]
  const texts = new Map(conf)
  const set = all.flatMap(({ setting, value }) => (setting ? [{ setting, value }] : []))
  // From the end, so that what was found before keeps its place.
  for (const { setting, value } of set.sort((a, b) => b.setting.from - a.setting.from))
    texts.set(setting.file, withValue(texts.get(setting.file) ?? '', setting, value))
  const fresh = all.flatMap(({ key, setting, value }) => (setting ? [] : [`${key}=${value}`]))
  const [main = ''] = conf.keys()
  if (fresh.length > 0)
    texts.set(
      main,
      withLines(texts.get(main) ?? '', ["# Navarch's job hooks: navarch hooks remove takes them out", ...fresh]),
    )
  return texts
}

function textChange(site: Site, path: string, text: string): FileChange {
  const before = site.files.get(path)
  return { path, before, after: { mode: 0o644, ...site.owner, ...before, text } }
}

function settingsChange(site: Site, { serviceUrl }: InstallWishes): FileChange[] {
  if (serviceUrl === undefined) return []
  const before = site.files.get(settingsFile)
  const line = `OBSERVABILITY_URL=${serviceUrl}`
  const lines = (before?.text ?? '').split('\n')
  const at = lines.findIndex((one) => /^(export )?OBSERVABILITY_URL=/.test(one))
  const text = at < 0 ? withLines(before?.text ?? '', [line]) : lines.with(at, line).join('\n')
  // A token may be written into it, which nobody but the hooks may read.
  const group = site.slurmUser?.gid ?? site.owner.gid
  return [{ path: settingsFile, before, after: { mode: 0o640, ...site.owner, gid: group, ...before, text } }]
}

/** slurmctld's hooks keep what they cannot send where SlurmUser may write. */
function newFolders(site: Site): NewFolder[] {
  if (!site.slurmUser || site.folders.has(controllerQueueFolder)) return []
  const { uid, gid } = site.slurmUser
  return [{ path: controllerQueueFolder, mode: 0o700, uid, gid }]
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
