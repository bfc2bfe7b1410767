import { type ConfFiles, type ConfSetting, folderOf, placeOf, settingsOf } from './conf-text.ts'
import { type Finding, findings } from './finding.ts'
import { type HookKind, hookKinds, isOurs, isPattern, matchesPattern } from './hook-places.ts'
import type { FileState } from './machine.ts'

/** A program that Slurm may start as a hook. */
export interface HookProgram extends FileState {
  /** Whether it is Navarch's, or runs Navarch's. */
  ours: boolean
  /** Whether it is what this version of navarch installs; undefined for a program of the site's. */
  current?: boolean
}

export interface ProgramFacts {
  conf: ConfFiles
  /** Programs by path, those of the folders of patterns too. */
  programs: ReadonlyMap<string, HookProgram>
  /** Which daemons this machine has: only theirs are looked at. */
  daemons: { slurmd: boolean; slurmctld: boolean }
  /** Values of Prolog and its kin that slurmctld runs with; undefined when it does not answer. In an image nothing runs. */
  running: readonly string[] | 'image' | undefined
}

/** Whether the four hooks are configured, are there, may be run, and are Navarch's. */
export function checkPrograms(facts: ProgramFacts): Finding[] {
  const { slurmd, slurmctld } = facts.daemons
  if (!slurmd && !slurmctld)
    return [
      findings('hooks').unknown(
        'neither slurmd nor slurmctld is here, so that no hook runs here',
        'Run this on a node or on the controller.',
      ),
    ]
  const kinds = hookKinds.filter(({ pattern }) => (pattern ? facts.daemons.slurmd : facts.daemons.slurmctld))
  return [...kinds.map((kind) => checkKind(kind, facts)), ...checkRunning(facts)]
}

function checkKind(kind: HookKind, { conf, programs }: ProgramFacts): Finding {
  const { ok, warning, broken } = findings(kind.key)
  const settings = settingsOf(conf, kind.key)
  const [setting] = settings
  if (!setting) return broken(`${kind.key} is not set in slurm.conf`, 'Run navarch hooks install.')
  const paths = settings.flatMap((one) => pathsOf(one, programs))
  const [main = ''] = conf.keys()
  const place = placeOf(setting)
  if (!kind.pattern && isPattern(setting.value))
    return broken(
      `${place}: ${kind.key}=${setting.value} is a pattern, and slurmctld starts one program: 22.05 runs none, 26.05 does not start`,
      `Run navarch hooks install: it writes a program that runs those in ${folderOf(setting.value)}.`,
    )
  if (paths.length === 0)
    return broken(
      `${place}: nothing is there for ${kind.key}=${setting.value}${kind.pattern ? ', so that every job fails here and the node is drained' : ''}`,
      `Run navarch hooks install here, or take the line out of ${main}.`,
    )
  for (const path of paths) {
    const program = programs.get(path)
    const problem = program && problemOf(path, program)
    if (problem) return broken(problem.text, problem.remedy)
  }
  const ours = paths.filter((path) => programs.get(path)?.ours)
  if (ours.length === 0)
    return broken(`${place}: ${kind.key}=${setting.value} does not run Navarch's hook`, 'Run navarch hooks install.')
  if (ours.length > 1) return warning(`Navarch's hook is there more than once: ${ours.join(', ')}`, 'Keep one of them.')
  const [path = ''] = ours
  return programs.get(path)?.current === false
    ? warning(`${path} is of another version of navarch`, 'Run navarch hooks install.')
    : ok(path)
}

/** Programs that a setting starts. */
function pathsOf({ value }: ConfSetting, programs: ReadonlyMap<string, HookProgram>): string[] {
  if (!isPattern(value)) return programs.has(value) ? [value] : []
  const [folder, pattern] = [folderOf(value), value.slice(value.lastIndexOf('/') + 1)]
  return [...programs.keys()].filter(
    (path) => folderOf(path) === folder && matchesPattern(pattern, path.slice(folder.length + 1)),
  )
}

function problemOf(path: string, { kind, mode, uid }: HookProgram): { text: string; remedy: string } | undefined {
  if (kind !== 'file')
    return { text: `${path} is no file, and a hook that cannot run fails`, remedy: `Remove ${path}.` }
  if ((mode & 0o111) === 0)
    return { text: `${path} is not executable (mode ${mode.toString(8)})`, remedy: `chmod 0755 ${path}` }
  if (uid !== 0 || (mode & 0o022) !== 0)
    return {
      text: `${path} runs as root, and others than root may change it (mode ${mode.toString(8)}, user ${uid})`,
      remedy: `chown root:root ${path} && chmod 0755 ${path}`,
    }
  return undefined
}

/** Whether slurmctld runs with what the file says. */
function checkRunning({ conf, running }: ProgramFacts): Finding[] {
  const { ok, warning, unknown } = findings('scontrol show config')
  if (running === 'image') return []
  if (!running)
    return [unknown('Slurm does not answer', 'journalctl -u slurmctld -u slurmd tells why; sinfo must answer here.')]
  const wanted = hookKinds.flatMap(({ key }) => settingsOf(conf, key).map(({ value }) => value))
  const missing = wanted.filter((value) => !running.includes(value))
  return [
    missing.length === 0
      ? ok('Slurm runs with these hooks')
      : warning(
          `Slurm does not run with ${missing.join(', ')} yet`,
          'Run scontrol reconfigure once every node has the hooks.',
        ),
  ]
}

/** Reads off a text whether it is ours, and whether it is one of the texts that would be installed. */
export function describeProgram(state: FileState, text: string | undefined, installed: readonly string[]): HookProgram {
  const ours = text !== undefined && isOurs(text)
  return { ...state, ours, ...(ours && { current: installed.includes(text) || text.includes('\n# site: ') }) }
}
