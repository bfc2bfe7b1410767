import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { systemClock } from '@navarch/system/clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli, startCli } from './run-cli.ts'

let dir: string
const children = new Set<ChildProcess>()
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-cli-backup-'))
})
afterEach(async () => {
  for (const child of children) await end(child, 'SIGKILL')
  rmSync(dir, { recursive: true })
})

const config = `
pools:
  train: { provider: fake, instance_type: h100, min_nodes: 1, max_nodes: 1, bootstrap: none }
`

interface Program {
  url: string
  stop: () => Promise<void>
  log: () => string
}

/** The real control plane as a process of its own. */
async function startControlPlane(name: string, port = 0): Promise<Program> {
  const file = join(dir, 'config.yaml')
  writeFileSync(file, config)
  const main = join(import.meta.dirname, '../../control-plane/src/main.ts')
  const args = ['--config', file, '--data-dir', join(dir, name), '--address', `127.0.0.1:${port}`]
  const env = { PATH: process.env['PATH'], HOME: dir }
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  children.add(child)
  let log = ''
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      const started = /"control plane started","address":"([^"]+)"/.exec(log)
      if (started?.[1]) resolve(started[1])
    })
    child.once('exit', () => reject(new Error(`the control plane ended: ${log}`)))
  })
  return { url: address, stop: () => end(child, 'SIGTERM'), log: () => log }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  children.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

const options = { clock: systemClock }

describe('navarch backup and restore', { timeout: 60_000 }, () => {
  it('take all of a control plane to another, while both run', async () => {
    // A restore starts the control plane again on its port.
    const port = await freePort()
    const first = await startControlPlane('first')
    const file = join(dir, 'navarch.backup.gz')
    const made = await runCli(['backup', file, '-o', 'json'], { ...options, server: first.url })
    expect(made.code, made.stderr).toBe(0)
    expect(JSON.parse(made.stdout)).toMatchObject({ file, bytes: readFileSync(file).length })
    expect(gunzipSync(readFileSync(file)).toString()).toContain('"name":"fleet"')
    await first.stop()

    const second = await startControlPlane('second', port)
    const restored = await runCli(['restore', file, '-o', 'json'], { ...options, server: second.url })
    expect(restored.code, restored.stderr).toBe(0)
    const { rows, ...done } = JSON.parse(restored.stdout)
    const { created_at, rows: count } = JSON.parse(made.stdout)
    expect(done).toMatchObject({ state: 'done', error: null, backup_created_at: created_at })
    expect(Object.values<number>(rows).reduce((a, b) => a + b)).toBe(count)
    expect(second.log()).toContain('"msg":"backup restored"')
    const again = await runCli(['version', '-o', 'json'], { ...options, server: second.url })
    expect(again.code).toBe(0)
    await second.stop()
  })

  it('restore refuses what is no backup before anything is sent, and the control plane refuses it too', async () => {
    const program = await startControlPlane('data')
    const file = join(dir, 'file')
    writeFileSync(file, gzipSync('{"format":"other"}\n'))
    const refused = await runCli(['restore', file], { ...options, server: program.url })
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('this is no backup of Navarch') })
    expect(refused.stderr).toContain('Nothing was sent.')
    const response = await fetch(`${program.url}/api/v1/restore`, {
      method: 'POST',
      headers: { 'content-type': 'application/gzip' },
      body: readFileSync(file),
    })
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: { code: 'invalid', message: expect.stringContaining('this is no backup of Navarch') } },
    ])
    expect(await runCli(['restore', '-'], options)).toMatchObject({ code: 2, stderr: expect.stringContaining('twice') })
    expect((await runCli(['restore', join(dir, 'none')], options)).stderr).toContain(`cannot read ${dir}/none: ENOENT`)
    await program.stop()
  })

  it('backup overwrites nothing without --force, and takes standard output', async () => {
    const program = await startControlPlane('data')
    const file = join(dir, 'file')
    writeFileSync(file, 'precious')
    const refused = await runCli(['backup', file], { ...options, server: program.url })
    expect(refused).toMatchObject({ code: 2, stderr: `navarch: ${file} exists\n  --force overwrites it.\n` })
    expect(readFileSync(file, 'utf8')).toBe('precious')
    const folder = await runCli(['backup', dir, '--force'], { ...options, server: program.url })
    expect(folder).toMatchObject({ code: 2, stderr: `navarch: ${dir} is a folder\n  Name a file in it.\n` })
    const forced = await runCli(['backup', file, '--force'], { ...options, server: program.url })
    expect(forced.stdout).toMatch(/file: [\d.]+ \w+, \d+ rows, as of 2\d{3}-/)
    expect(gunzipSync(readFileSync(file)).length).toBeGreaterThan(100)
    const cli = startCli(['backup', '-'], { ...options, server: program.url })
    expect(await cli.done).toMatchObject({ code: 0, stdout: '', stderr: expect.stringMatching(/^standard output: /) })
    expect(gunzipSync(cli.bytes()).toString()).toContain('"sha256"')
    await program.stop()
  })
})

describe('a backup that breaks off', () => {
  const whole = gzipSync('{"format":"navarch-backup"}\n')
  it.each<[string, (response: ServerResponse) => void]>([
    ['cut', (response) => response.write(whole, () => response.destroy())],
    ['short', (response) => response.end(whole.subarray(0, 20))],
  ])('leaves no file when the answer is %s', async (_how, answer) => {
    await using server = await listening((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/gzip' })
      answer(response)
    })
    const file = join(dir, 'file')
    const broken = await runCli(['backup', file], { ...options, server: server.url })
    expect(broken.code).toBe(1)
    expect(broken.stderr).toMatch(/the backup (broke off|is not whole): .*\n {2}.* was not written/)
    expect(existsSync(file)).toBe(false)
    expect(readdirSync(dir)).toEqual([])
  })

  it('says what the control plane said', async () => {
    await using server = await listening((_request, response) => {
      response.writeHead(403, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { code: 'forbidden', message: 'not you' } }))
    })
    const refused = await runCli(['backup', join(dir, 'file')], { ...options, server: server.url })
    expect(refused).toMatchObject({ code: 1, stderr: 'navarch: not you\n' })
  })
})

async function listening(listener: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function freePort(): Promise<number> {
  await using server = await listening(() => {})
  return Number(new URL(server.url).port)
}
