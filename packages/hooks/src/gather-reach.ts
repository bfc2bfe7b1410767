import type { ReachFacts, ServiceFacts, SettingsFacts } from './check-reach.ts'
import { type ConfFiles, onlySetting } from './conf-text.ts'
import { findProgram } from './gather-facts.ts'
import { agentFolder, controllerQueueFolder, queueFolder, settingsFile } from './hook-places.ts'
import type { HooksContext } from './install.ts'
import type { Machine } from './machine.ts'
import { output } from './slurm-here.ts'

const healthDeadlineMs = 5000
const defaultUrl = 'http://localhost:8080'
const knownSettings = /^(export )?(OBSERVABILITY_(URL|API_URL|TOKEN|TIMEOUT)|NAVARCH_HOOK_(DIR|QUEUE|LOG_DIR))=/

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
    agent: run ? await agentFacts(machine, outside.now) : await agentOfImage(machine),
    queued: sum(waiting),
    refused: sum(refused),
    service: {
      ...(await askService(serviceUrl(settings ?? ''), run && outside.fetch)),
      named: /^(export )?OBSERVABILITY_(API_)?URL=./m.test(settings ?? ''),
    },
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

/** An agent that is installed makes its folder when it runs. */
async function agentOfImage(machine: Machine): Promise<ReachFacts['agent']> {
  return (await findProgram(machine, 'navarch-node')) === undefined ? undefined : { waiting: 0, oldestMs: 0 }
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

/** Asks the service how it is. @param get undefined: for an image */
async function askService(url: string, get: typeof fetch | undefined): Promise<Omit<ServiceFacts, 'named'>> {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    return { url, answer: { kind: 'url', message: 'this is no address' } }
  if (!get) return { url, answer: { kind: 'image' } }
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
