import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { hookScript, runHook, shells } from './run-hook.ts'
import { type ServiceDouble, startServiceDouble } from './service-double.ts'

/** A node without an agent, and the service that its hooks send to. */
export interface PostingWorld {
  folder(): string
  /** What hooks here are to be given in their environment. */
  settings(): Record<string, string>
  service(): ServiceDouble
  /** Runs a hook by hand, which waits for the service. @returns the event that came */
  send(
    event: keyof typeof hookScript,
    environment: Record<string, string | Buffer>,
    shell?: (typeof shells)[number],
  ): Promise<Record<string, unknown>>
  /** A file below the root that the hook takes for the machine's. */
  place(path: string, text?: string): Promise<void>
  /** Names of the events that wait for the service. */
  queued(): Promise<string[]>
}

/** What a hook of Slurm's says. */
export const silent = { code: 0, stdout: '', stderr: '' }

/** Makes a world for each test of a file. */
export function usePostingWorld(): PostingWorld {
  let folder = ''
  let settings: Record<string, string> = {}
  let double: ServiceDouble | undefined
  const service = (): ServiceDouble => {
    if (!double) throw new Error('there is a service in tests alone')
    return double
  }
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'navarch-hooks-'))
    double = await startServiceDouble()
    settings = {
      OBSERVABILITY_URL: double.url,
      NAVARCH_HOOK_DIR: join(folder, 'no-agent'),
      NAVARCH_HOOK_QUEUE: join(folder, 'queue'),
      NAVARCH_HOOK_LOG_DIR: folder,
      NAVARCH_HOOK_SETTINGS: join(folder, 'hooks.env'),
      NAVARCH_HOOK_ROOT: join(folder, 'root'),
    }
  })
  afterEach(async () => {
    await double?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true, maxRetries: 20 })
  })
  return {
    folder: () => folder,
    settings: () => settings,
    service,
    async send(event, environment, shell = shells[0]) {
      const { received } = service()
      const before = received.length
      const { code, stderr, stdout } = await runHook(hookScript[event], { ...settings, ...environment }, shell)
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: expect.stringContaining('answered 200') })
      return received[before]?.body ?? {}
    },
    async place(path, text = '') {
      const whole = join(folder, 'root', path)
      await mkdir(join(whole, '..'), { recursive: true })
      await writeFile(whole, text)
    },
    queued: async () => (await readdir(join(folder, 'queue')).catch(() => [])).filter((name) => name.endsWith('.json')),
  }
}
