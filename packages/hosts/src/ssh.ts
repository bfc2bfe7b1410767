import type { Clock } from '@navarch/system/clock'
import { Client, type ConnectConfig, type ServerHostKeyAlgorithm } from 'ssh2'
import { HostError } from './host-error.ts'
import { fingerprint, type HostKey, hostKeyFromWire, type KnownHosts, parseHostKey, sameKey } from './known-hosts.ts'
import { type RunOptions, type RunResult, runOverSsh } from './ssh-run.ts'
import { type WriteOptions, writeScript } from './write-script.ts'

/** A connection to one machine. Commands on it may overlap. */
export interface SshSession {
  readonly user: string
  readonly address: string
  /**
   * Runs a script with bash (sh where there is none), as root unless `sudo` says otherwise. A non-zero exit is a
   * result, not an error. Heredocs run verbatim; the script is on no command line there.
   * @throws HostError `timeout`, `unreachable`, `auth` (sudo); the signal's reason when aborted. Whatever the script
   *   had started in its process group is killed in either case.
   */
  run(script: string, options: RunOptions): Promise<RunResult>
  /**
   * Replaces a file as a whole: readers see the old content or the new. Makes its folder when missing.
   * @throws HostError like `run`, and `failed` with what the host said
   */
  writeFile(path: string, content: string | Uint8Array, options: WriteOptions): Promise<void>
  close(): void
}

export interface SshOptions {
  address: string
  port: number
  user: string
  /** The text of a private key file. */
  privateKey?: string
  /** Path of an ssh-agent's socket, asked when there is no key or the key is refused. */
  agent?: string
  /** Names the machine in `knownHosts`: another machine at the same address has another identity. */
  identity: string
  knownHosts: KnownHosts
  /** Keys that the machine is known to have ("ssh-ed25519 AAAA…"), when its provider tells; checked before the pin. */
  hostKeys?: readonly string[]
  clock: Clock
  signal: AbortSignal
  /** From the first packet to the end of authentication, ms; default 30 000, since sshd may look up our name in DNS. */
  connectMs?: number
  /** Between two probes of a silent connection, ms; default 10 000. Three unanswered ones end it. */
  keepAliveMs?: number
}

/**
 * Connects to a machine and authenticates with a public key. Its host key is checked against the pinned one; a machine
 * never met before is pinned once authentication has succeeded.
 * @throws HostError `unreachable`, `auth`, `host-key`; the signal's reason when aborted
 */
export async function connectSsh(options: SshOptions): Promise<SshSession> {
  const { address, port, user, identity, knownHosts, clock, signal } = options
  signal.throwIfAborted()
  if (options.privateKey === undefined && options.agent === undefined) {
    throw new HostError('auth', `no SSH key for ${user}@${address}:${port}`, {
      remedy: 'Give the pool a private key, or start the control plane with an ssh-agent that holds one.',
    })
  }
  const pinned = await knownHosts.find(identity)
  const client = new Client()
  const shown = await handshake(client, options, pinned).catch((error: unknown) => {
    client.destroy()
    throw error
  })
  try {
    await knownHosts.accept(identity, address, shown)
  } catch (error) {
    client.destroy()
    throw error
  }

  let lost = 'the connection was closed'
  client.on('error', (error) => {
    lost = error.message
  })
  const where = `${user}@${address}:${port}`
  const run: SshSession['run'] = (script, runOptions) =>
    runOverSsh({ client, clock, where, whyLost: () => lost }, script, { sudo: user !== 'root', ...runOptions })
  return {
    user,
    address,
    run,
    async writeFile(path, content, writeOptions) {
      const input = Buffer.from(content)
      const { deadlineMs = 60_000, signal: writeSignal, sudo } = writeOptions
      const result = await run(writeScript(path, input.length, writeOptions), {
        deadlineMs,
        input,
        ...(writeSignal && { signal: writeSignal }),
        ...(sudo !== undefined && { sudo }),
      })
      if (result.exitCode !== 0) {
        const said = result.stderr.trim() || `exit status ${result.exitCode}`
        throw new HostError('failed', `cannot write ${path} on ${where}: ${said}`)
      }
    },
    close: () => client.end(),
  }
}

/** Resolves with the key that the host has shown, once it lets us in. */
function handshake(client: Client, options: SshOptions, pinned: HostKey | undefined): Promise<HostKey> {
  const { address, port, user, identity, knownHosts, signal } = options
  const where = `${user}@${address}:${port}`
  return new Promise((resolve, reject) => {
    let shown: HostKey | undefined
    let refusal: unknown
    const settle = (action: () => void) => {
      signal.removeEventListener('abort', onAbort)
      action()
    }
    const onAbort = () => settle(() => reject(signal.reason))
    signal.addEventListener('abort', onAbort, { once: true })

    const config: ConnectConfig = {
      host: address,
      port,
      username: user,
      readyTimeout: options.connectMs ?? 30_000,
      keepaliveInterval: options.keepAliveMs ?? 10_000,
      keepaliveCountMax: 3,
      hostVerifier: (bytes: Buffer, verify: (accepted: boolean) => void) => {
        shown = hostKeyFromWire(bytes)
        checkHostKey(shown, { identity, address, pinned, knownHosts, expected: options.hostKeys ?? [] }).then(
          () => verify(true),
          (error: unknown) => {
            refusal = error
            verify(false)
          },
        )
      },
    }
    if (options.privateKey !== undefined) config.privateKey = options.privateKey
    if (options.agent !== undefined) config.agent = options.agent
    if (pinned) config.algorithms = { serverHostKey: algorithmsFor(pinned.type) }

    client.on('error', (error) => settle(() => reject(refusal ?? connectError(where, error))))
    client.on('close', () => settle(() => reject(new HostError('unreachable', `${where} closed the connection`))))
    client.on('ready', () =>
      settle(() =>
        shown ? resolve(shown) : reject(new HostError('host-key', `${where} has shown no host key that can be read`)),
      ),
    )
    try {
      client.connect(config)
    } catch (error) {
      settle(() => reject(connectError(where, error)))
    }
  })
}

async function checkHostKey(
  shown: HostKey | undefined,
  check: {
    identity: string
    address: string
    pinned: HostKey | undefined
    knownHosts: KnownHosts
    expected: readonly string[]
  },
): Promise<void> {
  if (!shown) throw new HostError('host-key', `${check.address} shows a host key that cannot be read`)
  const expected = check.expected.map(parseHostKey).filter((key) => key !== undefined)
  if (expected.length > 0 && !expected.some((key) => sameKey(key, shown))) {
    throw new HostError(
      'host-key',
      `${check.identity} at ${check.address} shows the ${shown.type} key ${fingerprint(shown)}, ` +
        `which is none of those that its provider tells (${expected.map(fingerprint).join(', ')})`,
      { remedy: 'Another machine may answer at this address; check it before anything is sent there.' },
    )
  }
  if (check.pinned) await check.knownHosts.accept(check.identity, check.address, shown)
}

/** A host has several keys; asking for the pinned one's type keeps a host from looking changed when it is not. */
function algorithmsFor(type: string): ServerHostKeyAlgorithm[] {
  const algorithms = type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]
  return algorithms as ServerHostKeyAlgorithm[]
}

function connectError(where: string, error: unknown): HostError {
  const message = error instanceof Error ? error.message : String(error)
  const level = error instanceof Error && 'level' in error ? error.level : undefined
  if (level === 'client-authentication') {
    return new HostError('auth', `${where} accepts none of our keys`, {
      remedy: 'Check the SSH user and key of the pool, and that the public key is among those of the machine.',
      cause: error,
    })
  }
  if (level === 'agent' || /privateKey|passphrase/i.test(message)) {
    return new HostError('auth', `no usable SSH key for ${where}: ${message}`, {
      remedy: 'Give an unencrypted private key in OpenSSH or PEM format, or an agent that holds the key.',
      cause: error,
    })
  }
  if (/no matching host key/i.test(message)) {
    return new HostError('host-key', `${where} no longer has a host key of the pinned type`, {
      remedy: 'Another machine may answer in its place. If its keys were changed on purpose, forget the pinned one.',
      cause: error,
    })
  }
  return new HostError('unreachable', `cannot reach ${where}: ${message}`, { cause: error })
}
