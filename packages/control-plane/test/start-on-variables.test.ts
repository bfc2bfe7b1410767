import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Started {
  /** What it wrote on standard output and standard error. */
  output(): string
  /** The first line that has `text`, as JSON. */
  line(text: string): Promise<Record<string, string>>
  exit: Promise<number | null>
  kill(): void
}

/** The program itself, without a configuration file; ended after the test. */
async function start(env: Record<string, string>, folder?: string): Promise<Started> {
  const dataDir = folder ?? (await mkdtemp(join(tmpdir(), 'navarch-variables-')))
  cleanups.push(() => rm(dataDir, { recursive: true, force: true }))
  const args = [main, '--address', '127.0.0.1:0', '--data-dir', dataDir]
  const child: ChildProcess = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  cleanups.push(async () => {
    child.kill('SIGTERM')
    await exit
  })
  let text = ''
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      for (const check of waiting) check()
    })
  }
  return {
    output: () => text,
    exit,
    kill: () => void child.kill('SIGKILL'),
    line: (wanted) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const found = text
            .split('\n')
            .find((line) => line.startsWith('{') && line.endsWith('}') && line.includes(wanted))
          if (found === undefined) return
          waiting.delete(check)
          resolve(JSON.parse(found))
        }
        waiting.add(check)
        check()
        void exit.then((code) => reject(new Error(`it ended with ${code}: ${text}`)))
      }),
  }
}

describe('a control plane without a configuration file', () => {
  it("starts on the document's variables alone, and serves jobs on its port", async () => {
    const program = await start({ SCHEDULER_BACKEND: 'mock', HOST: '127.0.0.1', PORT: '0', SEED_DEMO: 'true' })
    const { address: url } = await program.line('"listening for jobs"')
    expect(await (await fetch(`${url}/v1/health`)).json()).toMatchObject({ status: 'healthy' })
    expect((await program.line('SEED_DEMO'))['warning']).toContain('accepted, not active yet')
  })

  it('serves jobs on the host that --address names, where PORT is set and HOST is not', async () => {
    const program = await start({ SCHEDULER_BACKEND: 'mock', PORT: '0' })
    const { port } = new URL((await program.line('"listening for jobs"'))['address'] ?? '')
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    // All of 127/8 is this machine: who listens on every address answers there too.
    await expect(fetch(`http://127.0.0.2:${port}/healthz`)).rejects.toThrow('fetch failed')
  })

  it('starts at once while slurmrestd is away, and says so', async () => {
    const program = await start({ SCHEDULER_BACKEND: 'slurm', SLURM_BASE_URL: 'http://127.0.0.1:9' })
    const { address: url } = await program.line('"listening for jobs"')
    const event = {
      job_id: '1',
      user: 'a',
      node_list: ['n1'],
      timestamp: '2026-03-01T12:00:00Z',
    }
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) }
    expect((await fetch(`${url}/v1/events/job-started`, init)).status).toBe(200)
    expect(await (await fetch(`${url}/v1/jobs/slurm-1`)).json()).toMatchObject({ id: '1', state: 'running' })
  })

  it('starts where the second port is taken, and shows it', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => new Promise((resolve) => other.close(resolve)))
    const address = other.address()
    const port = typeof address === 'object' && address ? String(address.port) : ''
    const program = await start({ SCHEDULER_BACKEND: 'mock', HOST: '127.0.0.1', PORT: port })
    const { address: url } = await program.line('"control plane started"')
    const problem = expect.stringContaining(`cannot listen on 127.0.0.1:${port}: another program has this port`)
    expect((await program.line('the second port for jobs'))['reason']).toEqual(problem)
    expect(await (await fetch(`${url}/v1/health`)).json()).toMatchObject({ status: 'degraded', details: [problem] })
    expect(await (await fetch(`${url}/api/v1/version`)).json()).toMatchObject({ conditions: [problem] })
  })

  it('does not start on wrong values, and names each', async () => {
    const program = await start({ SCHEDULER_BACKEND: 'pbs', PORT: 'http' })
    expect(await program.exit).toBe(2)
    expect(program.output()).toBe(
      'navarch-control-plane: PORT must be a port from 0 to 65535, not "http"\n' +
        'navarch-control-plane: SCHEDULER_BACKEND must be mock or slurm, not "pbs"\n',
    )
  })

  it('keeps what it was told over a kill', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'navarch-variables-'))
    const env = { SCHEDULER_BACKEND: 'mock' }
    const first = await start(env, folder)
    const { address: url } = await first.line('"listening for jobs"')
    const events = Array.from({ length: 50 }, (_, index) => ({
      ...{ event: 'started', job_id: `${index}`, user: 'a', node_list: ['n1'], timestamp: '2026-03-01T12:00:00Z' },
    }))
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ events }) }
    expect((await fetch(`${url}/v1/events/batch`, init)).status).toBe(200)
    first.kill()
    await first.exit
    const second = await start(env, folder)
    const again = (await second.line('"listening for jobs"'))['address']
    expect(await (await fetch(`${again}/v1/jobs`)).json()).toMatchObject({ total: 50 })
  })
})
