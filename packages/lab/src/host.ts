import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunCommand } from '@navarch/system/run-command'
import { chooseHostAddress } from './addresses.ts'
import { cgroupPath, cgroupProcesses, killCgroup, removeCgroups } from './cgroups.ts'
import type { LabContext } from './context.ts'
import { LabError } from './errors.ts'
import { boot, mergedRoot, prepareTree } from './host-boot.ts'
import { type HostFile, placeFiles } from './host-files.ts'
import { writeHostsTable } from './hosts-table.ts'
import { runInside } from './inside.ts'
import { findLab, type Lab, lockLab, removePropagationFolders, writeJson } from './lab.ts'
import { unmountAll } from './mounts.ts'
import type { LabRoot } from './roots.ts'
import { readSshBanner } from './ssh-banner.ts'
import { bootVm, type VmShape, vmFiles } from './vm-boot.ts'

/** A machine of the lab: systemd and an SSH server, with an address of its own. */
export interface LabHost {
  name: string
  lab: string
  suite: string
  address: string
  /** Public key that its SSH server presents, "ssh-ed25519 base64"; undefined while it is being made. */
  hostKey?: string
  /** Names the launch that made it. */
  token?: string
  labels: Record<string, string>
  /** ms since the epoch */
  launchedAt: number
  /** `preparing`: not booted yet, or its launch was cut short; `dead`: booted, and its processes are gone. */
  state: 'preparing' | 'running' | 'dead'
}

type HostFiles = Readonly<Record<string, HostFile>>

type HostRecord = Omit<LabHost, 'state'>

export interface StartHostOptions {
  root: LabRoot
  /** Host name: a letter or digit, then at most 39 of a-z, 0-9, "-". */
  name: string
  /** Default: the least free one of the lab. */
  address?: string
  /** Names this launch: a second call with the same token returns the host of the first. */
  token?: string
  labels?: Record<string, string>
  /** Lines of `authorized_keys`, for root and for `sudoUser`. */
  authorizedKeys?: readonly string[]
  /** A user besides root who may use sudo without a password. */
  sudoUser?: string
  /** Files to place before boot, by absolute path; may depend on the host's address. */
  files?: HostFiles | ((address: string) => HostFiles)
  /** Units to start at boot, e.g. `munge`. None of Slurm's starts by itself. */
  enable?: readonly string[]
  /** Devices `/dev/nvidia0` and so on that open and do nothing. Default 0. */
  gpus?: number
  /**
   * Boots it as a virtual machine, with a kernel and all cgroup controllers of its own; the root has to be of the kind "vm".
   * It is reached by SSH alone.
   */
  vm?: VmShape
}

/**
 * Makes a host and starts it; `waitForHost` tells when it can be reached. Takes about a third of a second.
 * A host of that name which is dead, or whose launch was cut short, is removed first.
 * @throws LabError when a live host of that name has another token, or the name is not one
 */
export function startHost(context: LabContext, lab: Lab, options: StartHostOptions): Promise<LabHost> {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(options.name))
    return Promise.reject(new LabError(`host name "${options.name}": use at most 40 of a-z, 0-9 and "-"`))
  return locked(context, lab, async () => {
    const existing = await getHost(lab, options.name)
    if (existing?.state === 'running') {
      if (options.token !== undefined && existing.token === options.token) return existing
      throw new LabError(`host ${options.name} of lab ${lab.name} is there already`)
    }
    if (existing) await removeHost(context, lab, existing.name)
    try {
      return await launch(context, lab, options)
    } catch (error) {
      await removeHost(context, lab, options.name)
      throw error
    }
  })
}

async function launch(context: LabContext, lab: Lab, options: StartHostOptions): Promise<LabHost> {
  const { name } = options
  const taken = new Set((await listHosts(lab)).map((host) => host.address))
  const address = options.address ?? chooseHostAddress(lab.number, taken)
  if (address === undefined) throw new LabError(`lab ${lab.name} has no free address`)
  if (taken.has(address)) throw new LabError(`another host of lab ${lab.name} has the address ${address}`)

  const dir = hostDir(lab, name)
  await mkdir(dir, { recursive: true })
  const record: HostRecord = {
    name,
    lab: lab.name,
    suite: options.root.suite,
    address,
    ...(options.token === undefined ? {} : { token: options.token }),
    labels: options.labels ?? {},
    launchedAt: context.clock.now(),
  }
  await writeJson(join(dir, 'host.json'), record)

  const hostKey = await prepareTree(context.run, {
    lower: options.root.path,
    dir,
    hostname: name,
    address: `${address}/24`,
    bridgeAddress: lab.bridgeAddress,
    authorizedKeys: options.authorizedKeys ?? [],
    sudoUser: options.sudoUser,
    files: {
      ...(options.vm && vmFiles(options.gpus ?? 0, options.root.suite)),
      ...(typeof options.files === 'function' ? options.files(address) : options.files),
    },
    enable: options.enable ?? [],
    gpus: options.gpus ?? 0,
  })
  const known: HostRecord = { ...record, hostKey }
  await writeJson(join(dir, 'host.json'), known)
  await writeHostsTables(lab)
  const cgroup = await cgroupPath(lab.name, name)
  const place = { hostname: name, dir, bridge: lab.bridge, cgroup }
  if (options.vm) {
    await bootVm(context.run, { ...place, lower: options.root.path }, options.vm)
  } else {
    const machine = `${machinePrefix(lab, name)}${randomBytes(2).toString('hex')}`
    await boot(context.run, { ...place, machine })
  }
  return { ...known, state: 'running' }
}

/** Ends a host at once, as a cloud ends an instance, and removes its files. Not there is no error. */
export function stopHost(context: LabContext, lab: Lab, name: string): Promise<void> {
  return locked(context, lab, async () => {
    await removeHost(context, lab, name)
    await writeHostsTables(lab)
  })
}

/** Ends a host's processes and leaves the rest, as a machine that crashed. */
export async function crashHost(context: LabContext, lab: Lab, name: string): Promise<void> {
  await killCgroup(await cgroupPath(lab.name, name), context.clock)
}

/** All hosts of a lab by name, dead and half-made ones too. Reads the disk: another process's hosts are there as well. */
export async function listHosts(lab: Lab): Promise<LabHost[]> {
  const names = await readdir(join(lab.dir, 'hosts')).catch(() => [])
  const hosts = await Promise.all(names.sort().map((name) => getHost(lab, name)))
  return hosts.filter((host) => host !== undefined)
}

/** The host of that name, or undefined when there is none. */
export async function getHost(lab: Lab, name: string): Promise<LabHost | undefined> {
  const text = await readFile(join(hostDir(lab, name), 'host.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const record: HostRecord = JSON.parse(text)
  const alive = (await cgroupProcesses(await cgroupPath(lab.name, name))).length > 0
  const booted = alive || (await readFile(join(hostDir(lab, name), 'console.log')).catch(() => undefined)) !== undefined
  return { ...record, state: alive ? 'running' : booted ? 'dead' : 'preparing' }
}

/**
 * Waits until the host's SSH server answers.
 * @throws LabError with the end of its console when it is dead, or does not answer within `deadlineMs` (default 60 s)
 */
export async function waitForHost(
  { clock }: LabContext,
  lab: Lab,
  name: string,
  { deadlineMs = 60_000, signal }: { deadlineMs?: number; signal?: AbortSignal } = {},
): Promise<LabHost> {
  const giveUpAt = clock.now() + deadlineMs
  // A first packet sent before the host has its address is lost and comes again after a second: ask anew sooner. Later with more patience:
  // a virtual machine takes seconds for each answer, and longer with each that nobody waits for.
  for (let patienceMs = 200; ; patienceMs = Math.min(deadlineMs / 10, 1.2 * patienceMs)) {
    const host = await getHost(lab, name)
    if (!host) throw new LabError(`lab ${lab.name} has no host ${name}`)
    if (host.state === 'running' && (await readSshBanner(host.address, 22, patienceMs)) !== undefined) return host
    if (host.state === 'dead' || clock.now() >= giveUpAt) {
      const console = await readFile(join(hostDir(lab, name), 'console.log'), 'utf8').catch(() => '')
      throw new LabError(`host ${name} is ${host.state} and does not answer on port 22: ${console.slice(-2000)}`)
    }
    await clock.sleep(50, signal)
  }
}

/**
 * Runs commands inside a running host, as root, without SSH.
 * @throws LabError when the host does not run
 */
export async function runOnHost(context: LabContext, lab: Lab, name: string): Promise<RunCommand> {
  return runInside(context.run, { cgroup: await cgroupPath(lab.name, name), initPid: await findInit(lab, name) })
}

/** Id, on this machine, of the host's first process. */
export async function findInit(lab: Lab, name: string): Promise<number> {
  for (const pid of await cgroupProcesses(await cgroupPath(lab.name, name))) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    if (/^NSpid:\t\d+\t1$/m.test(status)) return pid
  }
  throw new LabError(`host ${name} of lab ${lab.name} does not run`)
}

/** Folder of a host's state. */
export function hostDir(lab: Lab, name: string): string {
  return join(lab.dir, 'hosts', name)
}

async function removeHost(context: LabContext, lab: Lab, name: string): Promise<void> {
  await killCgroup(await cgroupPath(lab.name, name), context.clock)
  await removeCgroups(lab.name, name)
  await unmountAll(context.run, hostDir(lab, name))
  await rm(hostDir(lab, name), { recursive: true, force: true })
  await removePropagationFolders(machinePrefix(lab, name))
}

/** Tells every host every host's address. */
async function writeHostsTables(lab: Lab): Promise<void> {
  const hosts = (await listHosts(lab)).filter((host) => host.hostKey !== undefined)
  const entries = new Map(hosts.map((host) => [host.name, host.address]))
  for (const { name } of hosts) {
    const root = mergedRoot(hostDir(lab, name))
    const current = await readFile(join(root, 'etc/hosts'), 'utf8').catch(() => '')
    await placeFiles(root, { '/etc/hosts': { content: writeHostsTable(current, entries) } })
  }
}

/** nspawn names the host's network interface after its machine: the last one of a name may still be on its way out. */
function machinePrefix(lab: Lab, name: string): string {
  return `${lab.name}.${name}.`
}

/** A lab that was destroyed meanwhile is not brought back by a host. */
function locked<T>(context: LabContext, lab: Lab, work: () => Promise<T>): Promise<T> {
  return lockLab(context, lab.name, async () => {
    if ((await findLab(context, lab.name)) === undefined) throw new LabError(`there is no lab ${lab.name}`)
    return work()
  })
}
