import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** One line of the control plane's log. */
export type LogLine = { time: string; level: string; msg: string } & Record<string, unknown>

/** A control plane as users run it: a process of its own. */
export interface ControlPlaneProcess {
  /** Base URL on this machine. */
  url: string
  logs: LogLine[]
  /** Resolves with the first line, present or future, that fits. */
  logged(fits: (line: LogLine) => boolean, withinMs: number): Promise<LogLine>
  /** SIGTERM; resolves with the exit status. */
  stop(): Promise<number | null>
  /** SIGKILL. */
  kill(): Promise<void>
}

export interface StartOptions {
  config: string
  dataDir: string
  port: number
  /** File that gets everything the process prints. */
  output: string
  env?: Record<string, string>
}

/** Starts `navarch-control-plane --config …` and waits until it listens. */
export async function startControlPlane(options: StartOptions): Promise<ControlPlaneProcess> {
  const { config, dataDir, port, output } = options
  const child = spawn(
    process.execPath,
    [
      `${root}/packages/control-plane/bin/navarch-control-plane.js`,
      ...['--config', config, '--data-dir', dataDir, '--address', `0.0.0.0:${port}`, '--log-level', 'DEBUG'],
    ],
    { cwd: root, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const file = createWriteStream(output, { flags: 'a' })
  child.stderr.pipe(file, { end: false })
  const logs: LogLine[] = []
  const waiting = new Set<(line: LogLine) => void>()
  createInterface({ input: child.stdout }).on('line', (text) => {
    file.write(`${text}\n`)
    const line: LogLine = JSON.parse(text)
    logs.push(line)
    for (const check of waiting) check(line)
  })
  const plane: ControlPlaneProcess = {
    url: `http://127.0.0.1:${port}`,
    logs,
    logged: (fits, withinMs) =>
      new Promise((resolve, reject) => {
        const found = logs.find(fits)
        if (found) {
          resolve(found)
          return
        }
        const check = (line: LogLine) => {
          if (!fits(line)) return
          done()
          resolve(line)
        }
        const timer = setTimeout(() => {
          done()
          reject(new Error(`no such log line within ${withinMs} ms; see ${output}`))
        }, withinMs)
        const done = () => {
          clearTimeout(timer)
          waiting.delete(check)
        }
        waiting.add(check)
      }),
    stop: () => end(child, 'SIGTERM'),
    kill: async () => void (await end(child, 'SIGKILL')),
  }
  const early = once(child, 'exit').then(([code]) => {
    throw new Error(`the control plane ended with ${code}; see ${output}`)
  })
  await Promise.race([plane.logged((line) => line.msg === 'control plane started', 30_000), early])
  early.catch(() => {})
  return plane
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = once(child, 'exit')
  child.kill(signal)
  const [code] = await exited
  return code
}
