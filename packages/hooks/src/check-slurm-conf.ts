import { isAtLeast, type SlurmVersion } from '@navarch/slurm/capabilities'
import { type ConfFiles, placeOf, settingsOf } from './conf-text.ts'
import { type Finding, findings } from './finding.ts'

/** How control groups are mounted: version 2 alone, version 1 alone, or both. */
export type CgroupMounts = 'v2' | 'v1' | 'hybrid' | 'none'

/** What of a node's configuration decides whether jobs can be observed. */
export interface ConfFacts {
  conf: ConfFiles
  /** cgroup.conf; undefined where there is none. */
  cgroupConf: ConfFiles | undefined
  gresConf: ConfFiles | undefined
  version: SlurmVersion | undefined
  /** undefined: of an image. */
  mounts: CgroupMounts | undefined
  /** Controllers of /sys/fs/cgroup/cgroup.controllers; undefined without version 2. */
  controllers: readonly string[] | undefined
  /** Whether this machine has a GPU; undefined: of an image, which is made for machines that are not here. */
  gpus: boolean | undefined
  /** What `scontrol show node` says of this machine's node; undefined where Slurm does not know it, or does not answer. */
  node: { gres: string; reason: string } | undefined
  /** Whether device files exist, by path, of the gres.conf lines that name some. */
  deviceFiles: ReadonlyMap<string, boolean>
}

/** slurm.conf, cgroup.conf and gres.conf against the version of Slurm and against this machine. */
export function checkSlurmConf(facts: ConfFacts): Finding[] {
  return [
    checkPrologFlags(facts),
    ...checkTracking(facts),
    ...checkMounts(facts),
    ...checkCgroupKeys(facts),
    ...checkDevices(facts),
    ...checkGres(facts),
    ...checkNode(facts),
  ]
}

function checkPrologFlags({ conf }: ConfFacts): Finding {
  const { ok, warning } = findings('PrologFlags')
  const [setting] = settingsOf(conf, 'PrologFlags')
  const flags = (setting?.value ?? '').toLowerCase().split(',')
  if (['alloc', 'contain', 'x11', 'runinjob'].some((flag) => flags.includes(flag))) return ok(setting?.value ?? '')
  return warning(
    `${setting ? `${placeOf(setting)}: PrologFlags=${setting.value}` : 'PrologFlags is not set'}: a node on which no step starts has an epilog and no prolog`,
    'Set PrologFlags=Alloc (navarch hooks install does).',
  )
}

function checkTracking({ conf }: ConfFacts): Finding[] {
  const proctrack = findings('ProctrackType')
  const task = findings('TaskPlugin')
  const [type] = settingsOf(conf, 'ProctrackType')
  const [plugin] = settingsOf(conf, 'TaskPlugin')
  return [
    (type?.value ?? 'proctrack/cgroup').endsWith('/cgroup')
      ? proctrack.ok(type?.value ?? 'proctrack/cgroup, the default')
      : proctrack.warning(
          `${type ? placeOf(type) : ''}: ProctrackType=${type?.value}: jobs have no cgroups, and are followed by their processes, less exactly`,
          'Set ProctrackType=proctrack/cgroup and restart slurmctld and slurmd.',
        ),
    (plugin?.value ?? '').includes('cgroup')
      ? task.ok(plugin?.value ?? '')
      : task.warning(
          `${plugin ? `${placeOf(plugin)}: TaskPlugin=${plugin.value}` : 'TaskPlugin is not set'}: memory and devices of jobs are not kept apart`,
          'Set TaskPlugin=task/cgroup,task/affinity and restart slurmd.',
        ),
  ]
}

function checkMounts({ mounts, ...facts }: ConfFacts): Finding[] {
  return mounts === undefined ? [] : [checkMounted(mounts, facts)]
}

function checkMounted(
  mounts: CgroupMounts,
  { controllers, version, cgroupConf }: Pick<ConfFacts, 'controllers' | 'version' | 'cgroupConf'>,
): Finding {
  const { ok, warning, broken } = findings('cgroup hierarchy')
  const plugin = settingValue(cgroupConf, 'CgroupPlugin')?.toLowerCase()
  if (mounts === 'none')
    return broken('no cgroup file system is mounted on /sys/fs/cgroup', 'Mount cgroup2 there; systemd does it at boot.')
  if (mounts === 'v2') {
    if (version && !isAtLeast(version, 22, 5))
      return broken(
        `cgroup v2 alone is mounted, and Slurm ${version.text} knows v1 only`,
        'Upgrade Slurm to 22.05 or newer, or boot with systemd.unified_cgroup_hierarchy=0.',
      )
    const missing = ['cpu', 'memory', 'cpuset'].filter((one) => controllers && !controllers.includes(one))
    return missing.length === 0
      ? ok('cgroup v2, the unified hierarchy')
      : warning(
          `cgroup v2 without ${missing.join(', ')}`,
          'Slurm can limit and count only with these controllers: see cgroup_disable= and systemd.unified_cgroup_hierarchy= in /proc/cmdline.',
        )
  }
  if (plugin === 'cgroup/v2')
    return broken(
      `CgroupPlugin=cgroup/v2, and cgroup ${mounts === 'hybrid' ? 'v1 and v2 are both' : 'v1 is'} mounted`,
      'Boot with systemd.unified_cgroup_hierarchy=1, or set CgroupPlugin=cgroup/v1.',
    )
  if (mounts === 'hybrid' && plugin !== 'cgroup/v1' && plugin !== 'disabled')
    return broken(
      'cgroup v1 and v2 are both mounted: slurmd says "Hybrid mode is not supported" and ends',
      'Boot with systemd.unified_cgroup_hierarchy=1, or set CgroupPlugin=cgroup/v1 in cgroup.conf.',
    )
  return version && isAtLeast(version, 25, 5)
    ? warning(
        `cgroup ${mounts}: Slurm ${version.text} still takes v1, deprecated since 25.05`,
        'Boot with systemd.unified_cgroup_hierarchy=1.',
      )
    : ok(`cgroup ${mounts}`)
}

/** Keys of cgroup.conf that a release refuses or ignores. Sources: src/interfaces/cgroup.c of each, and release notes. */
function checkCgroupKeys({ cgroupConf, version, mounts }: ConfFacts): Finding[] {
  const { ok, warning, broken } = findings('cgroup.conf')
  if (!cgroupConf)
    return [
      warning(
        'there is no cgroup.conf: memory and devices of jobs are not limited',
        'Write one: docs/hooks.md has it.',
      ),
    ]
  const found: Finding[] = []
  const [release] = settingsOf(cgroupConf, 'CgroupReleaseAgentDir')
  if (release && version && isAtLeast(version, 22, 5))
    found.push(
      broken(
        `${placeOf(release)}: CgroupReleaseAgentDir: ${isAtLeast(version, 25, 11) ? `Slurm ${version.text} does not know the key` : `slurmd ${version.text} ends with "Support for CgroupReleaseAgentDir option has been removed"`}`,
        'Delete the line.',
      ),
    )
  else if (release && !version)
    found.push(warning(`${placeOf(release)}: CgroupReleaseAgentDir is not taken from 22.05 on`, 'Delete the line.'))
  const [automount] = settingsOf(cgroupConf, 'CgroupAutomount')
  if (automount && version && isAtLeast(version, 23, 11))
    found.push(warning(`${placeOf(automount)}: CgroupAutomount does nothing from 23.11 on`, 'Delete the line.'))
  const [mountpoint] = settingsOf(cgroupConf, 'CgroupMountpoint')
  if (mountpoint && mounts === 'v2')
    found.push(warning(`${placeOf(mountpoint)}: CgroupMountpoint is not needed with cgroup v2`, 'Delete the line.'))
  const [plugin] = settingsOf(cgroupConf, 'CgroupPlugin')
  if (plugin?.value === 'cgroup/v2' && version && !isAtLeast(version, 22, 5))
    found.push(broken(`${placeOf(plugin)}: Slurm ${version.text} has no cgroup/v2`, 'Upgrade Slurm to 22.05 or newer.'))
  if (plugin?.value === 'disabled' && version && !isAtLeast(version, 24, 5))
    found.push(
      broken(
        `${placeOf(plugin)}: Slurm ${version.text} does not know CgroupPlugin=disabled`,
        'Set cgroup/v1 or cgroup/v2.',
      ),
    )
  const [memory] = settingsOf(cgroupConf, 'ConstrainRAMSpace')
  if (memory?.value.toLowerCase() !== 'yes')
    found.push(
      warning(
        `${memory ? `${placeOf(memory)}: ConstrainRAMSpace=${memory.value}` : 'ConstrainRAMSpace is not set'}: a job that takes too much memory takes others'`,
        'Set ConstrainRAMSpace=yes.',
      ),
    )
  return found.length > 0 ? found : [ok('taken by this version')]
}

function checkDevices({ cgroupConf, conf, gpus }: ConfFacts): Finding[] {
  const { ok, warning } = findings('GPU isolation')
  if (!gpus && !(settingValue(conf, 'GresTypes') ?? '').split(',').includes('gpu'))
    return gpus === undefined ? [] : [ok('no GPUs here')]
  if (settingValue(cgroupConf, 'ConstrainDevices')?.toLowerCase() === 'yes') return [ok('ConstrainDevices=yes')]
  return [
    warning(
      'ConstrainDevices is not yes: a job sees GPUs that are not its own, and their use may be counted as its',
      'Set ConstrainDevices=yes in cgroup.conf; srun --gres=gpu:1 nvidia-smi then shows one GPU.',
    ),
  ]
}

function checkGres({ conf, gresConf, gpus, deviceFiles }: ConfFacts): Finding[] {
  const { ok, warning, broken } = findings('gres.conf')
  const types = (settingValue(conf, 'GresTypes') ?? '').split(',')
  if (!gpus && !types.includes('gpu')) return []
  if (!types.includes('gpu'))
    return [broken('this machine has GPUs, and slurm.conf has no GresTypes=gpu', 'Set GresTypes=gpu.')]
  if (!gresConf)
    return [
      warning(
        'GresTypes=gpu, and there is no gres.conf',
        'Write one with AutoDetect=nvml, or Name=gpu File=/dev/nvidia[0-7].',
      ),
    ]
  const absent = [...deviceFiles].filter(([, exists]) => !exists).map(([path]) => path)
  if (absent.length > 0)
    return [
      broken(
        `${absent.join(', ')} ${absent.length === 1 ? 'is' : 'are'} in gres.conf and not on this machine: slurmd does not start`,
        'Correct File= of its line, or load the driver.',
      ),
    ]
  return [ok(deviceFiles.size > 0 ? `${deviceFiles.size} device files are there` : 'read')]
}

function checkNode({ node, gpus }: ConfFacts): Finding[] {
  const { ok, broken } = findings('scontrol show node')
  if (!node) return []
  if (/prolog|epilog/i.test(node.reason))
    return [
      broken(
        `the node is drained: ${node.reason}`,
        'Once its hooks are all right: scontrol update NodeName=NODE State=RESUME; /var/log/slurm or journalctl -u slurmd tells why.',
      ),
    ]
  if (gpus && !/\bgpu\b/.test(node.gres))
    return [
      broken(
        'this machine has GPUs, and Slurm knows none of them',
        'Add Gres=gpu:N to its NodeName line, and its lines to gres.conf.',
      ),
    ]
  return [ok(node.gres === '' ? 'no generic resources' : node.gres)]
}

function settingValue(conf: ConfFiles | undefined, key: string): string | undefined {
  return conf && settingsOf(conf, key)[0]?.value
}
