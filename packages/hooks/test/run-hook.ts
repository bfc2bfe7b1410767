import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnvironment } from '@navarch/slurm/hook-environment'
import type { HookEvent } from '../src/record.ts'

/** Where each hook lies. */
export const hookScript: Readonly<Record<HookEvent, string>> = {
  prolog: repositoryPath('scripts/slurm/prolog.sh'),
  epilog: repositoryPath('scripts/slurm/epilog.sh'),
  prolog_slurmctld: repositoryPath('scripts/slurm/prolog.slurmctld.sh'),
  epilog_slurmctld: repositoryPath('scripts/slurm/epilog.slurmctld.sh'),
}

function repositoryPath(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url))
}

/** A shell that a site's /bin/sh may be. */
export interface Shell {
  name: string
  command: readonly string[]
}

/** Those that this machine has. */
export const shells: readonly Shell[] = [
  { name: 'dash', command: ['dash'] },
  { name: 'bash --posix', command: ['bash', '--posix'] },
  { name: 'busybox sh', command: ['busybox', 'sh'] },
].filter(({ command: [program = ''] }) =>
  (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program))),
)

export interface HookRun {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a hook as Slurm does: with these variables and no others. Values may be bytes. */
export function runHook(
  script: string,
  environment: Readonly<Record<string, string | Buffer>>,
  shell: Shell = { name: '', command: [] },
): Promise<HookRun> {
  // Bytes that are no text go through `env`, whose arguments are bytes for the shell that makes them.
  const [name = script, ...args] = [...shell.command, script]
  const program = resolveProgram(name)
  const bytes = Object.entries(environment).filter(([, value]) => typeof value !== 'string')
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => typeof value === 'string'))
  const setters = bytes.map(
    ([name, value]) => `${name}=$(printf '${octal(value as Buffer)}_'); ${name}=\${${name}%_}; export ${name};`,
  )
  const command =
    setters.length === 0 ? [program, ...args] : ['dash', '-c', `${setters.join(' ')} exec "$@"`, 'sh', program, ...args]
  return new Promise((resolve, reject) => {
    const [first = '', ...rest] = command
    const child = spawn(resolveProgram(first), rest, { env: env as Record<string, string>, cwd: '/', detached: true })
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].on('data', (chunk) => (output[stream] += String(chunk)))
    const deadline = setTimeout(() => endGroup(child.pid), 30_000)
    child.on('error', reject)
    // As Slurm does it: what a hook leaves in its process group ends with it.
    child.on('exit', () => endGroup(child.pid))
    child.on('close', (code) => {
      clearTimeout(deadline)
      resolve({ code, ...output })
    })
  })
}

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}

function octal(bytes: Buffer): string {
  return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}

/** A program by the test's own PATH, since hooks get none. */
function resolveProgram(name: string): string {
  if (name.includes('/')) return name
  const folder = (process.env['PATH'] ?? '').split(':').find((one) => existsSync(join(one, name)))
  return join(folder ?? '', name)
}

/** A hook's variables as a real Slurm gave them. */
export interface CapturedHook {
  event: HookEvent
  environment: Record<string, string>
}

export const releases = ['22.05', '23.11', '24.11', '25.11', '26.05'] as const

/** What real Slurm gave to hooks; see packages/slurm/fixtures/README.md. */
export function capturedHooks(release: (typeof releases)[number]): CapturedHook[] {
  const path = repositoryPath(`packages/slurm/fixtures/${release}/hook-environments.txt`)
  const events: Record<string, HookEvent> = {
    prolog: 'prolog',
    epilog: 'epilog',
    prologctld: 'prolog_slurmctld',
    epilogctld: 'epilog_slurmctld',
  }
  return readFileSync(path, 'utf8')
    .split(/^== /m)
    .flatMap((block) => {
      const [, name = '', body = ''] = /^(\w+) [^\n]*\n(.*)$/s.exec(block) ?? []
      const event = events[name]
      return event ? [{ event, environment: { ...parseEnvironment(body.trimEnd()) } }] : []
    })
}
