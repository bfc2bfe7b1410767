import { SlurmError, SlurmParseError } from './slurm-error.ts'

/** A release: 22.05.8 is { major: 22, minor: 5, micro: 8 }. */
export interface SlurmVersion {
  major: number
  minor: number
  micro: number
  /** As printed, e.g. "22.05.8". */
  text: string
}

/** What a release can do, as far as it changes what we may ask for. */
export interface SlurmCapabilities {
  /** `scontrol`, `sdiag` and `sacctmgr --json`. squeue, sinfo and sacct have it in all versions here. */
  scontrolJson: boolean
  /** Powered-down CLOUD nodes are listed without PrivateData=cloud. */
  listsPoweredDownNodes: boolean
  /** `slurmd -Z`, `scontrol create|delete nodename`. */
  dynamicNodes: boolean
  /** `scontrol delete nodename` refuses a node of slurm.conf. */
  protectsStaticNodes: boolean
  /** A node added to slurm.conf needs `scontrol reconfigure` only, no restart. */
  reconfigureAddsNodes: boolean
  /** SuspendExcStates, PowerDownOnIdle, ResumeAfter. */
  suspendExcludedStates: boolean
  /** An hostlist may have text after its last bracket in slurm.conf. */
  textAfterBracket: boolean
  /** `CgroupPlugin=disabled`. */
  cgroupDisabled: boolean
  /** `OverSubscribe=NO` alone no longer means exclusive. */
  separateExclusive: boolean
  /** `squeue -O ExcNodes`. */
  squeueExcludedNodes: boolean
  /** `squeue -O SLUID`. */
  squeueSluid: boolean
  /** `sacct -o Restarts,SLUID`. */
  sacctRestarts: boolean
  /** `sacctmgr` keeps the letters of an AdminComment as they are; 22.05 makes them small. */
  keepsCommentCase: boolean
  /** slurmrestd's data parsers, newest last. */
  dataParsers: readonly string[]
  /** Set when the release is served, but not tested. */
  warning?: string
}

/** When each ability came: [major, minor] of the first release that has it (SchedMD's release notes, and our captures). */
const since = {
  scontrolJson: [23, 2],
  listsPoweredDownNodes: [23, 2],
  dynamicNodes: [22, 5],
  protectsStaticNodes: [23, 11],
  reconfigureAddsNodes: [24, 11],
  suspendExcludedStates: [23, 2],
  textAfterBracket: [23, 2],
  cgroupDisabled: [24, 5],
  separateExclusive: [26, 5],
  squeueExcludedNodes: [24, 11],
  squeueSluid: [26, 5],
  sacctRestarts: [24, 11],
  keepsCommentCase: [24, 11],
} as const

/** Data parsers by number: first and last release that has them. */
const dataParserLife: readonly (readonly [number, number, number])[] = [
  [36, 2108, 2205],
  [37, 2108, 2302],
  [38, 2205, 2311],
  [39, 2302, 2405],
  [40, 2311, 2505],
  [41, 2405, 2511],
  [42, 2411, 2605],
  [43, 2505, 2611],
  [44, 2511, 2705],
  [45, 2605, 2711],
]

/**
 * Reads what `scontrol --version` prints: "slurm 24.11.7", "slurm-wlm 22.05.8".
 * @throws SlurmParseError
 */
export function parseVersion(text: string): SlurmVersion {
  const match = /(\d{2})\.(\d{2})(?:\.(\d+))?\S*/.exec(text)
  if (!match) throw new SlurmParseError('no version of Slurm', text.trim())
  const [whole, major, minor, micro] = match
  return { major: Number(major), minor: Number(minor), micro: Number(micro ?? 0), text: whole }
}

/**
 * What a release can do. 22.05 to 26.05 are tested; 21.08 and releases newer than these come with a warning.
 * @throws SlurmError `refused` for releases older than 21.08
 */
export function capabilitiesOf(version: SlurmVersion): SlurmCapabilities {
  if (!isAtLeast(version, 21, 8))
    throw new SlurmError(
      'refused',
      `Slurm ${version.text} is too old: 21.08 is the first release whose node states can be read safely; upgrade Slurm to 22.05 or newer`,
    )
  const has = (ability: keyof typeof since) => isAtLeast(version, since[ability][0], since[ability][1])
  const release = version.major * 100 + version.minor
  const capabilities: SlurmCapabilities = {
    scontrolJson: has('scontrolJson'),
    listsPoweredDownNodes: has('listsPoweredDownNodes'),
    dynamicNodes: has('dynamicNodes'),
    protectsStaticNodes: has('protectsStaticNodes'),
    reconfigureAddsNodes: has('reconfigureAddsNodes'),
    suspendExcludedStates: has('suspendExcludedStates'),
    textAfterBracket: has('textAfterBracket'),
    cgroupDisabled: has('cgroupDisabled'),
    separateExclusive: has('separateExclusive'),
    squeueExcludedNodes: has('squeueExcludedNodes'),
    squeueSluid: has('squeueSluid'),
    sacctRestarts: has('sacctRestarts'),
    keepsCommentCase: has('keepsCommentCase'),
    dataParsers: dataParserLife
      .filter(([, first, last]) => release >= first && release <= last)
      .map(([n]) => `v0.0.${n}`),
  }
  const warning = warningFor(version)
  return warning === undefined ? capabilities : { ...capabilities, warning }
}

/** Whether the version is this release or a newer one. */
export function isAtLeast(version: SlurmVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor)
}

function warningFor(version: SlurmVersion): string | undefined {
  if (!isAtLeast(version, 22, 5))
    return `Slurm ${version.text} is served by its text formats, but not tested; 22.05 is the oldest tested release`
  if (isAtLeast(version, 26, 6)) return `Slurm ${version.text} is newer than 26.05, the newest tested release`
  return undefined
}
