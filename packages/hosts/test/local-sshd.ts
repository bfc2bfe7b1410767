import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect as tcpConnect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { type KnownHosts, openKnownHosts } from '../src/known-hosts.ts'
import { connectSsh, type SshOptions, type SshSession } from '../src/ssh.ts'

/** Why these tests cannot run here; undefined when they can. */
export const sshdMissing: string | undefined =
  process.getuid?.() !== 0
    ? 'needs root, for sshd and for users'
    : existsSync('/usr/sbin/sshd')
      ? undefined
      : 'needs openssh-server'

/** OpenSSH's own server on a free port of 127.0.0.1, with keys of its own. */
export interface LocalSshd {
  port: number
  privateKey: string
  publicKey: string
  /** "ssh-ed25519 AAAA…" */
  hostKey: string
  knownHosts: KnownHosts
  /** What `connect` uses, unless told otherwise. */
  options(): SshOptions
  connect(overrides?: Partial<SshOptions>): Promise<SshSession>
  /** Ends the server and starts it again at the same port, with another host key. */
  replaceHostKey(): Promise<void>
  stop(): Promise<void>
}

export async function startLocalSshd({ user = 'root' }: { user?: string } = {}): Promise<LocalSshd> {
  const dir = mkdtempSync(join(tmpdir(), 'navarch-sshd-'))
  const port = await freePort()
  const newKey = (name: string) => {
    rmSync(join(dir, name), { force: true })
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(dir, name)])
  }
  newKey('host')
  newKey('user')
  writeFileSync(join(dir, 'authorized'), readFileSync(join(dir, 'user.pub')), { mode: 0o644 })
  execFileSync('chmod', ['755', dir])
  writeFileSync(
    join(dir, 'config'),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${dir}/host
PidFile none
AuthorizedKeysFile ${dir}/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
MaxStartups 100
LogLevel ERROR
`,
  )
  let server = await start(dir, port)
  const knownHosts = openKnownHosts(join(dir, 'known-hosts.json'))
  const privateKey = readFileSync(join(dir, 'user'), 'utf8')
  const options = (): SshOptions => ({
    address: '127.0.0.1',
    port,
    user,
    privateKey,
    identity: 'test/local',
    knownHosts,
    clock: systemClock,
    signal: new AbortController().signal,
  })
  return {
    port,
    privateKey,
    publicKey: readFileSync(join(dir, 'user.pub'), 'utf8').trim(),
    get hostKey() {
      return readFileSync(join(dir, 'host.pub'), 'utf8').trim()
    },
    knownHosts,
    options,
    connect: (overrides) => connectSsh({ ...options(), ...overrides }),
    async replaceHostKey() {
      await end(server)
      newKey('host')
      server = await start(dir, port)
    },
    async stop() {
      await end(server)
      rmSync(dir, { recursive: true })
    },
  }
}

async function start(dir: string, port: number): Promise<ChildProcess> {
  execFileSync('mkdir', ['-p', '/run/sshd'])
  const server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(dir, 'config')], { stdio: 'ignore' })
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await answers(port)) return server
    await systemClock.sleep(50)
  }
  server.kill()
  throw new Error(`sshd does not listen on ${port}`)
}

function end(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    server.once('exit', () => resolve())
    server.kill('SIGTERM')
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tcpConnect(port, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
