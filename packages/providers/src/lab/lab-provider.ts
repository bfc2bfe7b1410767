import { readFile } from 'node:fs/promises'
import { fakeNvidiaSmi } from '@navarch/gpu/fake-nvidia-smi'
import type { LabContext } from '@navarch/lab/context'
import { getHost, type LabHost, listHosts, startHost, stopHost } from '@navarch/lab/host'
import type { HostFile } from '@navarch/lab/host-files'
import { findLab, type Lab, openLab } from '@navarch/lab/lab'
import { readRoot, type Suite, suites } from '@navarch/lab/roots'
import { throwIfCancelled } from '../cancelled.ts'
import { type Machine, type Provider, ProviderError } from '../provider.ts'

export interface LabProviderOptions {
  name: string
  /** Name of the lab; made when it is not there. */
  lab: string
  /** Debian suite of the hosts; default bookworm. */
  suite?: string
  /** Simulated GPUs of each host. */
  gpus: number
  context: LabContext
  /** Where root file systems are cached. */
  cacheDir?: string
}

/**
 * Hosts of a lab on this machine, each with systemd and SSH. SSH keys of a pool are public keys here: OpenSSH lines, or
 * paths of files with them.
 */
export function createLabProvider(options: LabProviderOptions): Provider {
  const { name, context, cacheDir = '/var/cache/navarch/lab' } = options

  const guarded = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    throwIfCancelled(signal, name)
    try {
      return await work()
    } catch (cause) {
      if (cause instanceof ProviderError) throw cause
      throw new ProviderError('unavailable', `provider ${name}: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      })
    }
  }
  const rootOf = async () => {
    const suite = parseSuite(name, options.suite ?? 'bookworm')
    const root = await readRoot(cacheDir, suite)
    if (root) return root
    throw new ProviderError(
      'unavailable',
      `provider ${name}: there is no root file system of ${suite} in ${cacheDir}`,
      {
        remedy: 'Build it first; the lab does that with debootstrap.',
      },
    )
  }
  const ownHosts = async (): Promise<LabHost[]> => {
    const lab = await findLab(context, options.lab)
    return lab ? (await listHosts(lab)).filter((host) => host.labels['provider'] === name) : []
  }
  const findOwn = async (id: string): Promise<{ lab: Lab; host: LabHost } | undefined> => {
    const lab = await findLab(context, options.lab)
    const host = lab && (await getHost(lab, id.slice(0, id.indexOf('@'))))
    return lab && host && machineId(host) === id ? { lab, host } : undefined
  }
  return {
    name,
    type: 'lab',
    bootDeadlineMs: 2 * 60_000,
    launch: (request, signal) =>
      guarded(signal, async () => {
        const root = await rootOf()
        const authorizedKeys = await readPublicKeys(name, request.sshKeys)
        const lab = await openLab(context, options.lab)
        const host = await startHost(context, lab, {
          root,
          name: request.node,
          token: request.token,
          labels: { provider: name, pool: request.pool, instanceType: request.instanceType, region: request.region },
          authorizedKeys,
          sudoUser: 'ubuntu',
          gpus: options.gpus,
          files: options.gpus > 0 ? await simulatedGpuFiles(options.gpus) : {},
        })
        return describe(host)
      }),
    get: (id, signal) =>
      guarded(signal, async () => {
        const found = await findOwn(id)
        return found && describe(found.host)
      }),
    list: (signal) => guarded(signal, async () => (await ownHosts()).map(describe)),
    terminate: (id, signal) =>
      guarded(signal, async () => {
        const found = await findOwn(id)
        if (found) await stopHost(context, found.lab, found.host.name)
      }),
  }
}

/** File on a host that its agent reads as the kernel's log: a container has none of its own. */
export const labKernelLog = '/var/log/navarch-kernel.log'

/** What lets a host without GPUs pass for one with them: a stand-in for nvidia-smi, and a kernel log to write to. */
export async function simulatedGpuFiles(gpus: number): Promise<Record<string, HostFile>> {
  return {
    '/usr/bin/nvidia-smi': { content: await fakeNvidiaSmi(), mode: 0o755 },
    [labKernelLog]: { content: '' },
    '/etc/systemd/system/navarch-node.service.d/lab.conf': {
      content: `[Service]\nEnvironment=NAVARCH_FAKE_GPU_COUNT=${gpus} NAVARCH_KERNEL_LOG=${labKernelLog}\n`,
    },
  }
}

/** A host's name is used again, with other keys and disks: the launch makes it another machine. */
function machineId(host: LabHost): string {
  return `${host.name}@${host.token ?? ''}`
}

function describe(host: LabHost): Machine {
  return {
    id: machineId(host),
    node: host.name,
    ...(host.token !== undefined && { token: host.token }),
    state: host.state === 'running' ? 'running' : 'pending',
    address: host.address,
    sshPort: 22,
    ...(host.hostKey !== undefined && { hostKeys: [host.hostKey] }),
    region: host.labels['region'] ?? '',
    zone: '',
    instanceType: host.labels['instanceType'] ?? '',
    launchedAt: host.launchedAt,
  }
}

function parseSuite(provider: string, text: string): Suite {
  const suite = suites.find((each) => each === text)
  if (suite) return suite
  throw new ProviderError('invalid', `provider ${provider}: suite ${text} is none of ${suites.join(', ')}`)
}

async function readPublicKeys(provider: string, sshKeys: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(
    sshKeys.map(async (key) => {
      if (!key.startsWith('/')) return key
      return readFile(key, 'utf8').catch((cause: unknown) => {
        throw new ProviderError('invalid', `provider ${provider}: cannot read the public key ${key}`, { cause })
      })
    }),
  )
  return texts.map((text, index) => {
    const line = text.trim()
    if (/^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+/.test(line)) return line
    throw new ProviderError('invalid', `provider ${provider}: SSH key ${sshKeys[index]} is not a public key`, {
      remedy: 'Give an OpenSSH public key ("ssh-ed25519 AAAA…") or the path of a file with one in ssh_keys.',
    })
  })
}
