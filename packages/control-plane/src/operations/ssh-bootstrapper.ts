import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { NavarchConfig } from '@navarch/config/navarch-config'
import { bootstrap } from '@navarch/hosts/bootstrap/bootstrap'
import type { BootstrapStep } from '@navarch/hosts/bootstrap/bootstrap-step'
import { commandBootstrapSteps } from '@navarch/hosts/bootstrap/command-bootstrap'
import { defaultBootstrapSteps } from '@navarch/hosts/bootstrap/default-bootstrap'
import type { NodeSetup, SlurmConfigSource, SlurmSetup } from '@navarch/hosts/bootstrap/node-setup'
import { startSlurmdSteps } from '@navarch/hosts/bootstrap/slurm-steps'
import type { KnownHosts } from '@navarch/hosts/known-hosts'
import { connectSsh } from '@navarch/hosts/ssh'
import { waitForSsh } from '@navarch/hosts/wait-for-ssh'
import { hardwareId } from '@navarch/providers/machine-id'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { SlurmLink } from '../slurm/slurm-link.ts'
import type { BootstrapRecord } from '../store/store.ts'
import type { Bootstrapper, BootstrapRequest, MachineAccess } from './bootstrapper.ts'
import { localAddressTowards } from './local-address.ts'

export interface SshBootstrapperDeps {
  config: Pick<NavarchConfig, 'server' | 'slurm'>
  /** The port that the control plane listens on. */
  port: () => number
  authToken: string | undefined
  slurm: SlurmLink | undefined
  knownHosts: KnownHosts
  /** Path of an ssh-agent's socket. */
  sshAgent?: string
  clock: Clock
  random: () => number
  log: Log
  newId: () => string
}

const sshDeadlineMs = 10 * 60_000
const retireDeadlineMs = 20_000
const retireScript = `for unit in slurmd navarch-node; do
  if systemctl cat $unit > /dev/null 2>&1; then systemctl disable --now $unit; fi
done
`
const systemMungeKey = '/etc/munge/munge.key'

/** Label of a pool with what its dynamic nodes tell slurmctld of themselves, e.g. "Gres=gpu:8 Feature=h100". */
const dynamicConfLabel = 'slurmd_conf'

/** Bootstraps over SSH. */
export function createSshBootstrapper(deps: SshBootstrapperDeps): Bootstrapper {
  const { config, clock, log } = deps

  return {
    async run(request, signal) {
      const startedAt = clock.now()
      const { node, pool, address } = request
      const failed = (error: string): BootstrapRecord => ({
        id: deps.newId(),
        node,
        pool: pool.name,
        startedAt,
        durationMs: clock.now() - startedAt,
        sshWaitMs: clock.now() - startedAt,
        success: false,
        error,
        commands: [],
      })
      try {
        const setup = await setupOf(request)
        const steps = stepsOf(request, setup)
        const session = await waitForSsh({
          connect: async () => connectSsh(await sshOptions(request, signal)),
          deadlineMs: sshDeadlineMs,
          clock,
          random: deps.random,
          signal,
          onWait: (message) => log.debug('waiting for ssh', { node, message }),
        })
        try {
          const result = await bootstrap({
            node,
            pool: pool.name,
            steps,
            session,
            sshWaitMs: clock.now() - startedAt,
            redact: deps.authToken === undefined ? [] : [deps.authToken],
            clock,
            signal,
            onStep: (step) =>
              log.debug('bootstrapping', { node, step: step.name, number: step.number, of: step.of, address }),
          })
          const commands = result.commands.map(({ command, stdout, stderr, exitCode, durationMs }) => ({
            command,
            stdout,
            stderr,
            exitCode: exitCode ?? -1,
            durationMs,
          }))
          return { ...result, id: deps.newId(), commands }
        } finally {
          await session.close()
        }
      } catch (error) {
        if (signal.aborted) throw error
        return failed(error instanceof Error ? error.message : String(error))
      }
    },
    async retire(access, signal) {
      const session = await connectSsh(await sshOptions(access, signal))
      try {
        const result = await session.run(retireScript, { deadlineMs: retireDeadlineMs, signal })
        if (result.exitCode !== 0) throw new Error(`cannot stop slurmd and the agent: ${result.stderr.trim()}`)
      } finally {
        await session.close()
      }
    },
  }

  async function sshOptions(
    { pool, address, sshPort, sshUser, hostKeys, machineId }: MachineAccess,
    signal: AbortSignal,
  ) {
    const { user, privateKeyPath, port } = pool.ssh
    return {
      address,
      port: sshPort ?? port,
      user: sshUser ?? user,
      ...(privateKeyPath !== undefined && { privateKey: await readKey(privateKeyPath) }),
      ...(deps.sshAgent !== undefined && { agent: deps.sshAgent }),
      identity: `${pool.provider}/${hardwareId(machineId)}`,
      knownHosts: deps.knownHosts,
      ...(hostKeys !== undefined && { hostKeys }),
      clock,
      signal,
    }
  }

  async function setupOf(request: BootstrapRequest): Promise<NodeSetup> {
    const slurm = await slurmSetup(request)
    const caCertificate = await caOf(config.server.tls?.caFile)
    return {
      node: request.node,
      pool: request.pool.name,
      provider: request.provider,
      region: request.region,
      zone: request.zone,
      instanceType: request.instanceType,
      server: await controlPlaneUrl(request.address),
      address: request.address,
      ...(deps.authToken !== undefined && { authToken: deps.authToken }),
      ...(caCertificate !== undefined && { caCertificate }),
      ...(slurm && { slurm }),
    }
  }

  /** Never 0.0.0.0 or localhost: those would send a remote node to itself. */
  async function controlPlaneUrl(nodeAddress: string): Promise<string> {
    const { externalAddress } = config.server
    if (externalAddress !== undefined) return externalAddress
    const local = await localAddressTowards(nodeAddress)
    const scheme = config.server.tls ? 'https' : 'http'
    return `${scheme}://${local.includes(':') ? `[${local}]` : local}:${deps.port()}`
  }

  async function slurmSetup({ slurmNaming, pool }: BootstrapRequest): Promise<SlurmSetup | undefined> {
    if (slurmNaming === 'none' || !deps.slurm) return undefined
    const mungeKey = await mungeKeyOf(config.slurm.mungeKey)
    const dynamicConf = pool.labels[dynamicConfLabel]
    return {
      ...(mungeKey && { mungeKey }),
      config: await configSource(deps.slurm),
      naming: slurmNaming,
      ...(dynamicConf !== undefined && { dynamicConf }),
    }
  }

  async function configSource(slurm: SlurmLink): Promise<SlurmConfigSource> {
    const running = await slurm.config()
    if (running.configless) {
      const port = running.settings['SlurmctldPort']?.split('-')[0] ?? '6817'
      return {
        kind: 'configless',
        servers: running.controllers.map(({ host, address }) => `${address ?? host}:${port}`),
      }
    }
    const path = config.slurm.conf ?? running.slurmConf ?? '/etc/slurm/slurm.conf'
    const files: { name: string; content: string }[] = []
    for (const name of ['slurm.conf', 'gres.conf', 'cgroup.conf']) {
      const content = await readFile(name === 'slurm.conf' ? path : join(dirname(path), name), 'utf8').catch(
        () => undefined,
      )
      if (content !== undefined) files.push({ name, content })
    }
    return files.length > 0 ? { kind: 'files', files } : { kind: 'image' }
  }
}

function stepsOf({ pool, node, region, instanceType, provider }: BootstrapRequest, setup: NodeSetup): BootstrapStep[] {
  if (pool.bootstrap.kind !== 'commands') return [...defaultBootstrapSteps(setup), ...startSlurmdSteps(setup)]
  return commandBootstrapSteps(setup, pool.bootstrap.commands, {
    ControlPlane: setup.server,
    NodeID: node,
    Pool: pool.name,
    Provider: provider,
    Region: region,
    InstanceType: instanceType,
  })
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`cannot read the SSH key ${path}: ${why}; put the key there, or change ssh_private_key_path`, {
      cause,
    })
  }
}

async function caOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`cannot read the authorities ${path}: ${why}; change server.tls.ca_file`, { cause })
  }
}

/** The configured key must be readable; the system's own is taken where it is there. */
async function mungeKeyOf(path: string | undefined): Promise<Uint8Array | undefined> {
  if (path === undefined) return readFile(systemMungeKey).catch(() => undefined)
  try {
    return await readFile(path)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`cannot read munge's key ${path}: ${why}; change slurm.munge_key`, { cause })
  }
}
