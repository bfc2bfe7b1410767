import type { HookEvent } from './record.ts'

/** How Slurm is told of one of its hooks, and where ours goes. */
export interface HookKind {
  event: HookEvent
  /** Key of slurm.conf. */
  key: string
  /** Folder beside slurm.conf. */
  folder: string
  /** Program beside slurm.conf that runs the site's own hook and ours. */
  dispatcher: string
  /**
   * Whether Slurm takes a pattern such as /etc/slurm/prolog.d/*: slurmd does, slurmctld starts one program.
   * Source: src/plugins/prep/script/prep_script_slurmd.c and prep_script_slurmctld.c, 22.05 to 26.05.
   */
  pattern: boolean
}

export const hookKinds: readonly HookKind[] = [
  { event: 'prolog', key: 'Prolog', folder: 'prolog.d', dispatcher: 'navarch-prolog.sh', pattern: true },
  { event: 'epilog', key: 'Epilog', folder: 'epilog.d', dispatcher: 'navarch-epilog.sh', pattern: true },
  {
    event: 'prolog_slurmctld',
    key: 'PrologSlurmctld',
    folder: 'prolog.slurmctld.d',
    dispatcher: 'navarch-prolog.slurmctld.sh',
    pattern: false,
  },
  {
    event: 'epilog_slurmctld',
    key: 'EpilogSlurmctld',
    folder: 'epilog.slurmctld.d',
    dispatcher: 'navarch-epilog.slurmctld.sh',
    pattern: false,
  },
]

/** The name of our hook in a folder of hooks. */
export const hookFileName = '50-observability.sh'
/** Where hooks find their settings. */
export const settingsFile = '/etc/navarch/hooks.env'
/** What `navarch hooks install` did, for `remove`. */
export const recordFile = '/etc/navarch/hooks-installed.json'
/** The agent's folder for hooks. */
export const agentFolder = '/var/lib/navarch/hooks'
/** Events that the service has not taken yet, where no agent runs. */
export const queueFolder = '/var/spool/navarch-hooks'
/** The same of slurmctld's hooks, which run as SlurmUser. */
export const controllerQueueFolder = '/var/spool/navarch-hooks-slurmctld'

/** Whether a path is a pattern of glob(7). */
export function isPattern(path: string): boolean {
  return /[*?[]/.test(path)
}

/** Whether a file's name matches the last part of a pattern. A leading dot must be written. */
export function matchesPattern(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false
  const source = pattern.replace(/\[!?[^\]]+\]|[*?]|[^*?[]+|\[/g, (part) => {
    if (part === '*') return '.*'
    if (part === '?') return '.'
    if (part.length > 2 && part.startsWith('['))
      return `[${part.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`
    return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  try {
    return new RegExp(`^${source}$`, 's').test(name)
  } catch {
    return false
  }
}

/** Whether a text is one of our scripts, of any version. */
export function isOurs(text: string): boolean {
  return text.startsWith('#!/bin/sh\n# Navarch, ')
}
