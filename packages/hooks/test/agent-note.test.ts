import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HookRecord, parseHookRecord } from '../src/record.ts'
import { capturedHooks, hookScript, releases, runHook, shells } from './run-hook.ts'

let folder: string
let settings: Record<string, string>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'navarch-hooks-'))
  settings = {
    NAVARCH_HOOK_DIR: join(folder, 'agent'),
    NAVARCH_HOOK_QUEUE: join(folder, 'queue'),
    NAVARCH_HOOK_LOG_DIR: folder,
    NAVARCH_HOOK_SETTINGS: join(folder, 'hooks.env'),
  }
  await mkdir(join(folder, 'agent'))
})
afterEach(() => rm(folder, { recursive: true }))

/** The notes in the agent's folder, which are taken. */
async function takeNotes(): Promise<HookRecord[]> {
  const names = await readdir(join(folder, 'agent'))
  return Promise.all(
    names.map(async (name) => {
      const record = parseHookRecord(await readFile(join(folder, 'agent', name)))
      await rm(join(folder, 'agent', name))
      if (record === 'incomplete') throw new Error(`${name} is not whole`)
      return record
    }),
  )
}

const quiet = { code: 0, stdout: '', stderr: '' }

describe.each(shells)('a hook beside an agent, run by $name', (shell) => {
  it.each(releases)('leaves what Slurm %s told it', async (release) => {
    const hooks = capturedHooks(release)
    expect(new Set(hooks.map(({ event }) => event)).size).toBe(4)
    // One of each kind, and the one with a comment that is hard to quote.
    const some = hooks.filter(
      ({ event, environment }, index) =>
        hooks.findIndex((other) => other.event === event) === index || environment['SLURM_JOB_COMMENT'] !== undefined,
    )
    for (const { event, environment } of some) {
      expect(await runHook(hookScript[event], { ...environment, ...settings }, shell)).toEqual(quiet)
      const [note] = await takeNotes()
      expect(note?.event).toBe(event)
      for (const [name, value] of Object.entries(note?.environment ?? {})) expect(value).toBe(environment[name])
      const needed = ['SLURM_JOB_ID', 'SLURM_JOB_USER', 'SLURM_CLUSTER_NAME', 'SLURM_SCRIPT_CONTEXT', 'SLURM_JOB_GPUS']
      for (const name of [...needed, 'SLURM_JOB_NAME', 'SLURM_JOB_EXIT_CODE', 'SLURMD_NODENAME', 'SLURM_JOB_SLUID'])
        expect(note?.environment[name]).toBe(environment[name])
    }
  })

  it('leaves nothing behind but files for root, whatever names and values hold', async () => {
    const hostile = fc.string({ unit: fc.constantFrom(...'a"\'\\\n\t;$(){}`&|<>*?[]=#~! ü') })
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (name, user, node) => {
        const environment = { SLURM_JOB_ID: '7', SLURM_SCRIPT_CONTEXT: 'prolog_slurmctld' }
        const hook = { ...environment, SLURM_JOB_NAME: name, SLURM_JOB_USER: user, SLURMD_NODENAME: node }
        expect(await runHook(hookScript.prolog_slurmctld, { ...hook, ...settings }, shell)).toEqual(quiet)
        expect(await readdir(folder)).toEqual(['agent'])
        const [file = ''] = await readdir(join(folder, 'agent'))
        expect((await stat(join(folder, 'agent', file))).mode & 0o777).toBe(0o600)
        const [note] = await takeNotes()
        const kept = Object.entries(hook).filter(([, value]) => value !== '')
        expect(note?.environment).toEqual(Object.fromEntries(kept))
      }),
      { numRuns: 15 },
    )
  })

  it('keeps values that are not UTF-8, and long ones', async () => {
    const odd = { SLURM_JOB_ID: '7', SLURM_JOB_NAME: Buffer.from([0x61, 0xff, 0x81, 0x85, 0x62]) }
    await runHook(hookScript.prolog, { ...odd, ...settings, SLURM_JOB_NODELIST: 'n1,'.repeat(20_000) }, shell)
    const [note] = await takeNotes()
    expect(note?.environment['SLURM_JOB_NAME']).toBe('a\ufffd\ufffd\ufffdb')
    expect(note?.environment['SLURM_JOB_NODELIST']).toHaveLength(60_000)
  })

  it('finds the folder by its settings file, of which nothing is run', async () => {
    const { NAVARCH_HOOK_DIR: dir = '', ...others } = settings
    const marks = `touch ${folder}/ran`
    await writeFile(join(folder, 'hooks.env'), `# ours\n${marks}\nX=$(${marks})\nexport NAVARCH_HOOK_DIR="${dir}"\n`)
    expect(await runHook(hookScript.epilog, { SLURM_JOB_ID: '7', ...others }, shell)).toEqual(quiet)
    expect(await takeNotes()).toMatchObject([{ event: 'epilog' }])
    expect((await readdir(folder)).sort()).toEqual(['agent', 'hooks.env'])
  })

  it('writes through no link that somebody laid in its way', async () => {
    await writeFile(join(folder, 'victim'), 'precious')
    const script = join(folder, 'hook.sh')
    const text = await readFile(hookScript.prolog, 'utf8')
    // Its own process id is not known before it runs: the test gives it one.
    await writeFile(script, text.replaceAll('$$', '42'))
    await symlink(join(folder, 'victim'), join(folder, 'agent', '7.prolog.here.42'))
    await symlink(join(folder, 'absent'), join(folder, 'agent', '7.prolog.here.42.2'))
    expect(await runHook(script, { SLURM_JOB_ID: '7', ...settings }, shell)).toEqual(quiet)
    expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('precious')
    expect((await readdir(join(folder, 'agent'))).sort()).toEqual([
      '7.prolog.here.42',
      '7.prolog.here.42.2',
      '7.prolog.here.42.3',
    ])
  })
})
