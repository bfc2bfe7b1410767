import { parseVersion, type SlurmVersion } from '@navarch/slurm/capabilities'
import { expandHostlist } from '@navarch/slurm/hostlist'
import { describeProgram, type HookProgram, type ProgramFacts } from './check-programs.ts'
import type { ReachFacts, ServiceFacts, SettingsFacts } from './check-reach.ts'
import type { CgroupMounts, ConfFacts } from './check-slurm-conf.ts'
import type { ToolFacts } from './check-tools.ts'
import { type ConfFiles, folderOf, onlySetting, settingsOf } from './conf-text.ts'
import { agentFolder, controllerQueueFolder, hookKinds, isPattern, queueFolder, settingsFile } from './hook-places.ts'
import { hookScripts } from './hook-scripts.generated.ts'
import type { HooksContext } from './install.ts'
import type { Machine } from './machine.ts'
import { output, runningConfig, runningHookValues } from './slurm-here.ts'

/** How often and how long a service is asked. */
const healthDeadlineMs = 5000
const defaultUrl = 'http://localhost:8080'
const knownSettings = /^(export )?(OBSERVABILITY_(URL|API_URL|TOKEN|TIMEOUT)|NAVARCH_HOOK_(DIR|QUEUE))=/
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
    daemons: await findDaemons(machine),
    running: running && runningHookValues(running.settings),
  }
}

/** Which of Slurm's daemons run here; where none does, which are installed. */
async function findDaemons(machine: Machine): Promise<ProgramFacts['daemons']> {
  const processes = ((await machine.list('/proc')) ?? []).filter((name) => /^\d+$/.test(name))
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
  for (const path of gresConf ? gresFiles(gresConf, node) : [])
    deviceFiles.set(path, (await machine.stat(path)) !== undefined)
  return {
    conf,
    cgroupConf: await beside('cgroup.conf'),
    gresConf,
    version: await slurmVersion(run),
    mounts: cgroupMounts((await machine.readText('/proc/mounts')) ?? ''),
    controllers: (await machine.readText('/sys/fs/cgroup/cgroup.controllers').catch(() => undefined))
      ?.trim()
      .split(/\s+/),
    gpus: (await gpusOf(machine)).nvidia || (await gpusOf(machine)).amd,
    deviceFiles,
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

async function findProgram(machine: Machine, name: string): Promise<string | undefined> {
  for (const folder of programFolders) {
    const state = await machine.stat(`${folder}/${name}`)
    if (state?.kind === 'file' && (state.mode & 0o111) !== 0) return `${folder}/${name}`
  }
  return undefined
}

/** Whether the agent or the service gets what hooks tell. */
export async function gatherReach(
  { machine, run }: HooksContext,
  conf: ConfFiles | undefined,
  outside: { fetch: typeof fetch; now: number },
): Promise<ReachFacts> {
  const settings = await machine.readText(settingsFile)
  const count = async (folder: string) =>
    ((await machine.list(folder)) ?? []).filter((name) => !name.startsWith('.')).length
  const queues = [queueFolder, controllerQueueFolder]
  const waiting = await Promise.all(
    queues.map(async (folder) => ((await machine.list(folder)) ?? []).filter((name) => name.endsWith('.json')).length),
  )
  const refused = await Promise.all(queues.map((folder) => count(`${folder}/refused`)))
  return {
    agent: await agentFacts(machine, outside.now),
    queued: sum(waiting),
    refused: sum(refused),
    service: await askService(serviceUrl(settings ?? ''), outside.fetch),
    settings: settings === undefined ? undefined : await settingsFacts(machine, run, settings, conf),
    curl: await findProgram(machine, 'curl'),
    setsid: await findProgram(machine, 'setsid'),
  }
}

async function agentFacts(machine: Machine, now: number): Promise<ReachFacts['agent']> {
  if ((await machine.stat(agentFolder))?.kind !== 'folder') return undefined
  const names = ((await machine.list(agentFolder)) ?? []).filter((name) => name !== 'broken' && !name.startsWith('.'))
  const states = await Promise.all(names.map((name) => machine.stat(`${agentFolder}/${name}`)))
  const ages = states.flatMap((state) => (state ? [now - state.modifiedAt] : []))
  return { waiting: ages.length, oldestMs: ages.reduce((oldest, age) => Math.max(oldest, age), 0) }
}

/** Where hooks send to, by their settings. Slurm gives them no variables but its own. */
export function serviceUrl(settings: string): string {
  const value = (name: string) => new RegExp(`^(?:export )?${name}=["']?([^"'\\n]*)`, 'm').exec(settings)?.[1]
  const url = value('OBSERVABILITY_URL') || value('OBSERVABILITY_API_URL') || defaultUrl
  return url.replace(/\/$/, '').replace(/\/v1$/, '')
}

async function settingsFacts(
  machine: Machine,
  run: HooksContext['run'],
  text: string,
  conf: ConfFiles | undefined,
): Promise<SettingsFacts> {
  const unknownLines = text
    .split('\n')
    .flatMap((line, index) => (/^\s*(#|$)/.test(line) || knownSettings.test(line) ? [] : [index + 1]))
  const state = await machine.stat(settingsFile)
  const user = conf && (onlySetting(conf, 'SlurmUser')?.value ?? 'root')
  const ids = user === undefined ? undefined : await output(run, 'id', ['-G', user])
  const uid = user === undefined ? undefined : await output(run, 'id', ['-u', user])
  const readable =
    !state || ids === undefined || uid === undefined
      ? undefined
      : uid.trim() === '0' ||
        (state.mode & 0o004) !== 0 ||
        ((state.mode & 0o040) !== 0 && ids.trim().split(' ').includes(String(state.gid))) ||
        ((state.mode & 0o400) !== 0 && uid.trim() === String(state.uid))
  return {
    unknownLines,
    hasToken: /^(export )?OBSERVABILITY_TOKEN=./m.test(text),
    mode: state?.mode ?? 0,
    readableBySlurmUser: readable,
  }
}

/** Asks the service how it is. */
export async function askService(url: string, get: typeof fetch): Promise<ServiceFacts> {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    return { url, answer: { kind: 'url', message: 'this is no address' } }
  try {
    const response = await get(`${url}/v1/health`, { signal: AbortSignal.timeout(healthDeadlineMs) })
    const body: unknown = await response.json().catch(() => undefined)
    const { status, version } = (typeof body === 'object' && body ? body : {}) as {
      status?: unknown
      version?: unknown
    }
    if (typeof status === 'string') return { url, answer: { kind: 'health', status, version: String(version ?? '') } }
    return { url, answer: { kind: 'http', status: response.status } }
  } catch (error) {
    return { url, answer: failureOf(error) }
  }
}

function failureOf(error: unknown): Extract<ServiceFacts['answer'], { message: string }> {
  if (error instanceof Error && error.name === 'TimeoutError')
    return { kind: 'timeout', message: `no answer within ${healthDeadlineMs / 1000} s` }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const message = cause instanceof Error && cause.message ? cause.message : String(code || error)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return { kind: 'name', message }
  if (code === 'ECONNREFUSED') return { kind: 'refused', message }
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'UND_ERR_CONNECT_TIMEOUT')
    return { kind: 'timeout', message }
  return { kind: 'other', message }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
