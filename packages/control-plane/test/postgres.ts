import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'

/** A throw-away PostgreSQL that ends with the test. */
export interface TestPostgres {
  port: number
  /** Folder of its socket. */
  dir: string
  /** Makes an empty database. @returns its URL, with the password */
  createDatabase(): Promise<string>
  /** Ends it as a crash does. `start` brings it back on the same port. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

const bin = newestBin()
const root = process.getuid?.() === 0

/** Why there can be none; undefined where there can. */
export const postgresMissing = whyMissing()

/** A suite's title that says why it is skipped. */
export function titleOf(title: string): string {
  return postgresMissing === undefined ? title : `${title} (skipped: ${postgresMissing})`
}

/**
 * Makes and starts a cluster of Debian's PostgreSQL in a folder of its own, on loopback and a socket.
 * @param options `fsync`: whether what is committed is on disk; tests need not wait for it
 * @throws Error when it does not start
 */
export async function startTestPostgres({ fsync = false } = {}): Promise<TestPostgres> {
  if (postgresMissing !== undefined) throw new Error(postgresMissing)
  const dir = mkdtempSync(join(tmpdir(), 'navarch-pg-'))
  const data = join(dir, 'data')
  const passwords = join(dir, 'password')
  writeFileSync(passwords, 'secret\n')
  if (root) for (const path of [dir, passwords]) chownSync(path, idOf('-u'), idOf('-g'))
  const [initdb = '', ...init] = asPostgres('initdb', [
    ...['--pgdata', data, '--no-sync', '--encoding=UTF8', '--locale=C.UTF-8', '--username=navarch'],
    ...['--auth-local=trust', '--auth-host=scram-sha-256', '--pwfile', passwords],
  ])
  const made = spawnSync(initdb, init, { encoding: 'utf8', timeout: 60_000, cwd: '/' })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  const port = await freePort()
  let server = await startServer(data, dir, port, fsync)
  let databases = 0

  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill(signal)
    await ended
  }
  return {
    port,
    dir,
    async createDatabase() {
      const name = `navarch_${++databases}`
      const client = new Client({ host: dir, port, user: 'navarch', database: 'postgres' })
      await client.connect()
      await client.query(`CREATE DATABASE ${name}`)
      await client.end()
      return `postgres://navarch:secret@127.0.0.1:${port}/${name}?sslmode=disable`
    },
    // Postmaster's children end at once by themselves when it is gone.
    kill: () => end('SIGQUIT'),
    async start() {
      server = await startServer(data, dir, port, fsync)
    },
    async stop() {
      await end('SIGQUIT')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function startServer(data: string, dir: string, port: number, fsync: boolean): Promise<ChildProcess> {
  const settings = [
    ...[
      `fsync=${fsync ? 'on' : 'off'}`,
      'listen_addresses=127.0.0.1',
      `port=${port}`,
      `unix_socket_directories=${dir}`,
    ],
    ...['max_connections=60', 'deadlock_timeout=50ms', 'shared_buffers=32MB', 'logging_collector=off'],
  ]
  const [program = '', ...args] = asPostgres('postgres', [
    ...['-D', data],
    ...settings.flatMap((setting) => ['-c', setting]),
  ])
  const server = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' })
  return new Promise((resolve, reject) => {
    let log = ''
    server.stderr.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-20_000)
      if (log.includes('ready to accept connections')) resolve(server)
    })
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`postgres ended: ${log}`)))
  })
}

/** PostgreSQL refuses to run as root. */
function asPostgres(program: string, args: string[]): string[] {
  const command = [join(bin ?? '', program), ...args]
  return root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--', ...command] : command
}

function newestBin(): string | undefined {
  const base = '/usr/lib/postgresql'
  const versions = existsSync(base) ? readdirSync(base) : []
  const [newest] = versions
    .filter((version) => existsSync(join(base, version, 'bin', 'initdb')))
    .sort((a, b) => Number(b) - Number(a))
  return newest === undefined ? undefined : join(base, newest, 'bin')
}

function whyMissing(): string | undefined {
  if (bin === undefined) return 'PostgreSQL is not installed'
  if (root && Number.isNaN(idOf('-u'))) return 'there is no user postgres'
  return undefined
}

function idOf(flag: '-u' | '-g'): number {
  return Number.parseInt(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout, 10)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0))
    })
  })
}
