import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The program itself, with a configuration of a test. */
export interface ControlPlaneProcess {
  url: string
  /** Answers of the REST API. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }>
  kill(): Promise<void>
  /** What it wrote. */
  output(): string
}

/** A parsed answer, of which nothing is known but what a test asks of it. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into it as they please
export type Json = any

export interface Place {
  /** @param alerts the `alerts` section, as YAML that is indented by two spaces */
  start(alerts: string, env?: Record<string, string>): Promise<ControlPlaneProcess>
  remove(): Promise<void>
}

/** A folder in which control planes start one after the other. */
export function makePlace(): Place {
  const dir = mkdtempSync(join(tmpdir(), 'navarch-alerts-'))
  const children = new Set<ChildProcess>()
  const kill = (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
    children.delete(child)
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.kill(signal)
    })
  }
  return {
    async start(alerts, env = {}) {
      const config = join(dir, 'navarch-config.yaml')
      const server = 'server:\n  jobs_address: none\n  slurm_metrics_address: none\nslurm:\n  driver: none\n'
      writeFileSync(config, `${server}alerts:\n  interval: 1s\n${alerts}`)
      const args = [main, '--config', config, '--address', '127.0.0.1:0', '--data-dir', join(dir, 'data')]
      const child = spawn(process.execPath, args, {
        env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      children.add(child)
      let text = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
      const url = await vi.waitFor(
        () => {
          const line = text.split('\n').find((each) => each.includes('"control plane started"'))
          if (line === undefined) throw new Error(`it has not started: ${text}`)
          return String(JSON.parse(line).address)
        },
        { timeout: 20_000, interval: 50 },
      )
      return {
        url,
        output: () => text,
        kill: () => kill(child, 'SIGKILL'),
        async call(method, path, body) {
          const response = await fetch(`${url}${path}`, {
            method,
            ...(body !== undefined && {
              headers: { 'content-type': 'application/json' },
              body: typeof body === 'string' ? body : JSON.stringify(body),
            }),
          })
          const answer = await response.text()
          return { status: response.status, body: answer === '' ? undefined : JSON.parse(answer) }
        },
      }
    },
    async remove() {
      for (const child of [...children]) await kill(child, 'SIGTERM')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A rule that fires wherever a control plane runs. */
export const alwaysRule = '    - {name: Always, metric: own_problems, condition: gte, threshold: 0, severity: critical}'
