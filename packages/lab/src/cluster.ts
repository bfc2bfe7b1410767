import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunCommand } from '@navarch/system/run-command'
import { accountingLines, slurmdbdFiles, startAccountingDatabase } from './accounting-database.ts'
import { reservedFrom } from './addresses.ts'
import { cgroupPath } from './cgroups.ts'
import type { LabContext } from './context.ts'
import { clientPrograms, waitForController } from './controller.ts'
import { findInit, hostDir, type LabHost, runOnHost, startHost, waitForHost } from './host.ts'
import type { HostFile } from './host-files.ts'
import { wrapperScript } from './inside.ts'
import type { Lab } from './lab.ts'
import { mustRun } from './must-run.ts'
import type { LabRoot } from './roots.ts'
import { type NodeMode, type NodeShape, writeCgroupConf, writeGresConf, writeSlurmConf } from './slurm-conf.ts'

/** A controller in a host of its own, and what is needed to drive it and to join it. */
export interface SlurmCluster {
  head: LabHost
  headAddress: string
  /** e.g. "22.05.8" */
  version: string
  /** Content of `/etc/munge/munge.key`. */
  mungeKey: Buffer
  /** In mode `static`: the address that node `n` (from 1) has to be started with. */
  nodeAddress(n: number): string
  /** Text of the controller's slurm.conf. */
  slurmConf: string
  /** Runs Slurm's client programs, by name, on the head. */
  run: RunCommand
  /** Folder on this machine with `squeue`, `scontrol` and so on, which run on the head. */
  binDir: string
}

export interface SlurmClusterOptions {
  root: LabRoot
  mode: NodeMode
  nodes: NodeShape
  /** Default `gpu`. */
  partition?: string
  /** Name of the controller's host. Default `slurm-head`. */
  headName?: string
  clusterName?: string
  authorizedKeys?: readonly string[]
  /** More lines for slurm.conf; a key that the lab sets as well is taken from here. */
  extra?: readonly string[]
  /** Text of cgroup.conf. Default: no job has a cgroup, which hosts in containers cannot give. */
  cgroupConf?: string
  /** Whether slurmdbd runs beside slurmctld, on a database of the lab's: `sacct` works. Default false. */
  accounting?: boolean
}

/**
 * Starts slurmctld and munged of the root's suite in a new host and waits until the controller answers.
 * @throws LabError with the end of the controller's log when it does not within a minute
 */
export async function startSlurmCluster(
  context: LabContext,
  lab: Lab,
  options: SlurmClusterOptions,
): Promise<SlurmCluster> {
  const name = options.headName ?? 'slurm-head'
  const mungeKey = randomBytes(128)
  const database = options.accounting ? await startAccountingDatabase(context, lab) : undefined
  const { address } = await startHost(context, lab, {
    root: options.root,
    name,
    authorizedKeys: options.authorizedKeys ?? [],
    labels: { role: 'slurm-head' },
    files: (headAddress) => ({
      ...mungeFiles(mungeKey),
      ...configFiles(lab, options, name, headAddress),
      ...(database && slurmdbdFiles(database)),
    }),
    enable: ['munge', ...(database ? ['slurmdbd'] : []), 'slurmctld'],
  })
  const head = await waitForHost(context, lab, name)
  const onHead = await runOnHost(context, lab, name)
  const log = ['-n', '20', '/var/log/slurm/slurmctld.log']
  await waitForController(context.clock, onHead, () => mustRun(onHead, 'tail', log))
  const binDir = await writeWrappers(lab, name)
  return {
    head,
    headAddress: address,
    version: options.root.slurmVersion,
    mungeKey,
    nodeAddress: (n) => nodeAddress(lab, n),
    slurmConf: writeConf(lab, options, name, address),
    run: (program, args, options) => context.run(join(binDir, program), args, options),
    binDir,
  }
}

/**
 * What `startHost` needs to make a host that joins the cluster by itself at boot, without its configuration
 * (`--conf-server`).
 * @param slurmdOptions more options for slurmd, e.g. `-Z` for a dynamic node
 */
export function joiningHost(
  cluster: Pick<SlurmCluster, 'headAddress' | 'mungeKey'>,
  slurmdOptions = '',
): { files: Record<string, HostFile>; enable: string[] } {
  const options = `--conf-server ${cluster.headAddress}:6817 ${slurmdOptions}`.trim()
  return {
    files: {
      ...mungeFiles(cluster.mungeKey),
      '/etc/default/slurmd': { content: `SLURMD_OPTIONS='${options}'\n` },
      // Debian 12's unit does not start without a local slurm.conf, which a configless host lacks.
      '/etc/systemd/system/slurmd.service.d/configless.conf': { content: '[Unit]\nConditionPathExists=\n' },
    },
    enable: ['munge', 'slurmd'],
  }
}

function writeConf(lab: Lab, options: SlurmClusterOptions, name: string, address: string): string {
  return writeSlurmConf({
    clusterName: options.clusterName ?? 'lab',
    head: { name, address },
    mode: options.mode,
    nodes: options.nodes,
    nodeDetails: options.mode === 'static' ? `NodeAddr=${staticAddresses(lab, options.nodes.count)}` : '',
    partition: options.partition ?? 'gpu',
    extra: [...(options.accounting ? accountingLines : []), ...(options.extra ?? [])],
  })
}

function configFiles(lab: Lab, options: SlurmClusterOptions, name: string, address: string): Record<string, HostFile> {
  return {
    '/etc/slurm/slurm.conf': { content: writeConf(lab, options, name, address) },
    '/etc/slurm/gres.conf': { content: writeGresConf(options) },
    '/etc/slurm/cgroup.conf': { content: options.cgroupConf ?? writeCgroupConf(options.root.slurmVersion) },
  }
}

/** slurmctld tries for ten seconds per name that it cannot resolve, before it answers anybody: name the addresses. */
function staticAddresses(lab: Lab, count: number): string {
  const [first, last] = [nodeAddress(lab, 1), nodeAddress(lab, count)]
  const network = first.slice(0, first.lastIndexOf('.') + 1)
  return `${network}[${first.slice(network.length)}-${last.slice(network.length)}]`
}

function nodeAddress(lab: Lab, n: number): string {
  return `10.213.${lab.number}.${reservedFrom + n - 1}`
}

function mungeFiles(key: Uint8Array): Record<string, HostFile> {
  return { '/etc/munge/munge.key': { content: key, mode: 0o400, owner: 'munge' } }
}

/** A few milliseconds per call: a control plane that runs as a process of its own drives the cluster with these. */
async function writeWrappers(lab: Lab, name: string): Promise<string> {
  const binDir = join(hostDir(lab, name), 'bin')
  const pidFile = join(hostDir(lab, name), 'init.pid')
  const cgroup = await cgroupPath(lab.name, name)
  await mkdir(join(cgroup, 'entered'), { recursive: true })
  await mkdir(binDir, { recursive: true })
  await writeFile(pidFile, `${await findInit(lab, name)}\n`)
  for (const program of clientPrograms)
    await writeFile(join(binDir, program), wrapperScript(cgroup, pidFile, program), { mode: 0o755 })
  return binDir
}
