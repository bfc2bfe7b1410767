import { parseVersion, type SlurmVersion } from '@navarch/slurm/capabilities'
import { expandHostlist } from '@navarch/slurm/hostlist'
import { describeProgram, type HookProgram, type ProgramFacts } from './check-programs.ts'
import type { CgroupMounts, ConfFacts } from './check-slurm-conf.ts'
import type { ToolFacts } from './check-tools.ts'
import { type ConfFiles, folderOf, settingsOf } from './conf-text.ts'
import { hookKinds, isPattern } from './hook-places.ts'
import { hookScripts } from './hook-scripts.generated.ts'
import type { HooksContext } from './install.ts'
import type { Machine } from './machine.ts'
import { output, runningConfig, runningHookValues } from './slurm-here.ts'

const programFolders = [
  '/usr/bin',
  '/bin',
  '/usr/local/bin',
  '/usr/sbin',
  '/sbin',
  '/usr/local/sbin',
  '/opt/rocm/bin',
  '/opt/slurm/sbin',
]

/** Hooks that this machine has, and how Slurm knows them. */
export async function gatherPrograms({ machine, run }: HooksContext, conf: ConfFiles): Promise<ProgramFacts> {
  const programs = new Map<string, HookProgram>()
  for (const { key } of hookKinds)
    for (const { value } of settingsOf(conf, key)) {
      const folder = folderOf(value)
      const names = isPattern(value) ? ((await machine.list(folder)) ?? []) : [value.slice(folder.length + 1)]
      for (const name of names) {
        const path = `${folder}/${name}`
        const state = await machine.stat(path)
        if (!state) continue
        const text = state.kind === 'file' ? await machine.readText(path).catch(() => undefined) : undefined
        programs.set(path, describeProgram(state, text, Object.values(hookScripts)))
      }
    }
  const running = await runningConfig(run)
  return {
    conf,
    programs,
    daemons: await findDaemons(machine, run !== undefined),
    running: run ? running && runningHookValues(running.settings) : 'image',
  }
}

/** Which of Slurm's daemons run here; where none does, which are installed. */
async function findDaemons(machine: Machine, live: boolean): Promise<ProgramFacts['daemons']> {
  const processes = ((live ? await machine.list('/proc') : undefined) ?? []).filter((name) => /^\d+$/.test(name))
  const names = await Promise.all(processes.map((id) => machine.readText(`/proc/${id}/comm`).catch(() => undefined)))
  const running = { slurmd: names.includes('slurmd\n'), slurmctld: names.includes('slurmctld\n') }
  if (running.slurmd || running.slurmctld) return running
  const installed = async (name: string) => (await findProgram(machine, name)) !== undefined
  return { slurmd: await installed('slurmd'), slurmctld: await installed('slurmctld') }
}

/** What decides whether jobs can be observed on this machine. */
export async function gatherConfFacts(
  { machine, run }: HooksContext,
  found: { conf: ConfFiles; folder: string; node: string },
): Promise<ConfFacts> {
  const { conf, folder, node } = found
  const beside = async (name: string): Promise<ConfFiles | undefined> => {
    const text = await machine.readText(`${folder}/${name}`)
    return text === undefined ? undefined : new Map([[`${folder}/${name}`, text]])
  }
  const gresConf = await beside('gres.conf')
  const deviceFiles = new Map<string, boolean>()
  for (const path of gresConf && run ? gresFiles(gresConf, node) : [])
    deviceFiles.set(path, (await machine.stat(path)) !== undefined)
  const devices = run && (await gpusOf(machine))
  return {
    conf,
    cgroupConf: await beside('cgroup.conf'),
    gresConf,
    version: await slurmVersion(run),
    mounts: run && cgroupMounts((await machine.readText('/proc/mounts')) ?? ''),
    controllers: (await machine.readText('/sys/fs/cgroup/cgroup.controllers').catch(() => undefined))
      ?.trim()
      .split(/\s+/),
    gpus: devices && (devices.nvidia || devices.amd),
    node: await nodeFacts(run, node),
    deviceFiles,
  }
}

/** This machine's node as Slurm knows it. */
async function nodeFacts(run: HooksContext['run'], node: string): Promise<ConfFacts['node']> {
  const text = await output(run, 'scontrol', ['-o', 'show', 'node', node])
  if (text === undefined) return undefined
  const gres = / Gres=(\S+)/.exec(text)?.[1] ?? ''
  return {
    gres: gres === '(null)' ? '' : gres,
    reason: / Reason=(.*?)(?: \[[^\]]*\])?\s*(?: Comment=.*)?$/m.exec(text)?.[1] ?? '',
  }
}

async function slurmVersion(run: HooksContext['run']): Promise<SlurmVersion | undefined> {
  const text = (await output(run, 'scontrol', ['--version'])) ?? (await output(run, 'slurmd', ['-V']))
  try {
    return text === undefined ? undefined : parseVersion(text)
  } catch {
    return undefined
  }
}

/** Reads /proc/mounts. */
export function cgroupMounts(mounts: string): CgroupMounts {
  const types = mounts.split('\n').flatMap((line) => {
    const [, path = '', type = ''] = line.split(' ')
    return type.startsWith('cgroup') && path.startsWith('/sys/fs/cgroup') ? [type] : []
  })
  const [one, two] = [types.includes('cgroup'), types.includes('cgroup2')]
  return one ? (two ? 'hybrid' : 'v1') : two ? 'v2' : 'none'
}

/** Device files of a node's GPUs by gres.conf; lines without a NodeName are all nodes'. */
export function gresFiles(gresConf: ConfFiles, node: string): string[] {
  return [...gresConf.values()].flatMap((text) =>
    text.split('\n').flatMap((line) => {
      const one = new Map([['gres.conf', line]])
      const value = (key: string) => settingsOf(one, key)[0]?.value
      const [names, file] = [value('NodeName'), value('File')]
      const type = value('Name')
      if (file === undefined || (type !== 'gpu' && type !== undefined)) return []
      return names === undefined || expanded(names).includes(node) ? expanded(file) : []
    }),
  )
}

function expanded(hostlist: string): string[] {
  try {
    return expandHostlist(hostlist, 100_000)
  } catch {
    return [hostlist]
  }
}

async function gpusOf(machine: Machine): Promise<{ nvidia: boolean; amd: boolean }> {
  const there = async (path: string) => (await machine.stat(path)) !== undefined
  return { nvidia: await there('/dev/nvidiactl'), amd: await there('/dev/kfd') }
}

/** GPUs and the tools that read them. */
export async function gatherTools({ machine }: HooksContext): Promise<ToolFacts> {
  const tools = new Map<'nvidia-smi' | 'rocm-smi' | 'amd-smi', string>()
  for (const name of ['nvidia-smi', 'rocm-smi', 'amd-smi'] as const) {
    const path = await findProgram(machine, name)
    if (path !== undefined) tools.set(name, path)
  }
  return { ...(await gpusOf(machine)), tools }
}

/** Where a program is, in the folders that hooks and daemons look in. */
export async function findProgram(machine: Machine, name: string): Promise<string | undefined> {
  for (const folder of programFolders) {
    const state = await machine.stat(`${folder}/${name}`)
    if (state?.kind === 'file' && (state.mode & 0o111) !== 0) return `${folder}/${name}`
  }
  return undefined
}
