import { randomBytes } from 'node:crypto'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { RunCommand } from '@navarch/system/run-command'
import { cgroupPath } from './cgroups.ts'
import type { LabContext } from './context.ts'
import { clientPrograms, waitForController } from './controller.ts'
import { startDetached } from './detached.ts'
import { LabUnavailableError } from './errors.ts'
import { type Lab, lockLab } from './lab.ts'
import { mustRun } from './must-run.ts'
import { type NodeShape, nodeName, writeCgroupConf, writeGresConf, writeSlurmConf } from './slurm-conf.ts'

/** A controller and its nodes as plain processes of this machine. */
export interface LocalSlurm {
  /** e.g. "22.05.8" */
  version: string
  /** Runs Slurm's client programs, by name. */
  run: RunCommand
  /** Folder with `squeue`, `scontrol` and so on, which talk to this controller. */
  binDir: string
  /** Path of its slurm.conf. */
  confFile: string
}

export interface LocalSlurmOptions {
  /** At most 90. */
  nodes: NodeShape
  /** Default `gpu`. */
  partition?: string
  /** More lines for slurm.conf; a key that the lab sets as well is taken from here. */
  extra?: readonly string[]
}

/** Ends with its lab, as a host would. Not a host's name. */
const groupName = '_local'

/**
 * Starts this machine's own slurmctld, and its slurmd once per node: lighter than hosts, where a test needs real Slurm
 * but no machines. The nodes share this machine's file system and processes. `destroyLab` ends it.
 * @throws LabUnavailableError when Slurm's packages are not installed on this machine
 */
export async function startLocalSlurm(context: LabContext, lab: Lab, options: LocalSlurmOptions): Promise<LocalSlurm> {
  await requirePackages()
  const version = /\d+\.\d+\.\d+/.exec(await mustRun(context.run, 'slurmctld', ['-V']))?.[0] ?? ''
  const dir = join(lab.dir, groupName)
  const confFile = join(dir, 'slurm.conf')
  const binDir = join(dir, 'bin')
  await lockLab(context, lab.name, async () => {
    for (const folder of ['bin', 'state', 'spool', 'log']) await mkdir(join(dir, folder), { recursive: true })
    // Slurm counts GPUs by their devices: null devices, which nothing can break.
    for (let n = 0; n < (options.nodes.gpus ?? 0); n++)
      await mustRun(context.run, 'mknod', [join(dir, `gpu${n}`), 'c', '1', '3'])
    await writeConfiguration(lab, dir, version, options)
    await startDaemons(context, lab, dir, options.nodes)
    for (const program of clientPrograms)
      await writeFile(join(binDir, program), `#!/bin/sh\nSLURM_CONF=${confFile} exec /usr/bin/${program} "$@"\n`, {
        mode: 0o755,
      })
  })
  const run: RunCommand = (program, args, how) => context.run(join(binDir, program), args, how)
  await waitForController(context.clock, run, () => mustRun(context.run, 'tail', ['-n', '20', join(dir, 'log/ctld')]))
  return { version, run, binDir, confFile }
}

async function requirePackages(): Promise<void> {
  const programs = { slurmctld: '/usr/sbin/slurmctld', slurmd: '/usr/sbin/slurmd', 'slurm-client': '/usr/bin/squeue' }
  const missing: string[] = []
  for (const [name, path] of Object.entries({ ...programs, munge: '/usr/sbin/munged' }))
    await access(path).catch(() => missing.push(name))
  if (missing.length > 0) throw new LabUnavailableError(`install ${missing.join(' ')}`)
}

async function writeConfiguration(lab: Lab, dir: string, version: string, options: LocalSlurmOptions): Promise<void> {
  // A range of ports per lab, clear of a Slurm that this machine may run for itself.
  const port = 21_000 + lab.number * 100
  const nodes = { ...options.nodes, gpuFiles: join(dir, 'gpu') }
  const head = { name: hostname(), address: lab.bridgeAddress }
  const conf = writeSlurmConf({
    clusterName: lab.name,
    head,
    mode: 'static',
    nodes,
    nodeDetails: `NodeHostname=${head.name} NodeAddr=${head.address} Port=[${port + 1}-${port + nodes.count}]`,
    partition: options.partition ?? 'gpu',
    extra: [
      `SlurmctldPort=${port}`,
      'SlurmUser=root',
      'SlurmdUser=root',
      `AuthInfo=socket=${join(dir, 'munge.socket')}`,
      `StateSaveLocation=${join(dir, 'state')}`,
      `SlurmdSpoolDir=${join(dir, 'spool/%n')}`,
      `SlurmctldLogFile=${join(dir, 'log/slurmctld')}`,
      `SlurmdLogFile=${join(dir, 'log/slurmd-%n')}`,
      `SlurmctldPidFile=${join(dir, 'slurmctld.pid')}`,
      `SlurmdPidFile=${join(dir, 'slurmd-%n.pid')}`,
      ...(options.extra ?? []),
    ],
  })
  await writeFile(join(dir, 'slurm.conf'), conf)
  await writeFile(join(dir, 'gres.conf'), writeGresConf({ mode: 'static', nodes }))
  await writeFile(join(dir, 'cgroup.conf'), writeCgroupConf(version))
  await writeFile(join(dir, 'munge.key'), randomBytes(128), { mode: 0o400 })
}

async function startDaemons({ run }: LabContext, lab: Lab, dir: string, nodes: NodeShape): Promise<void> {
  const cgroup = await cgroupPath(lab.name, groupName)
  const start = (log: string, command: string[]) => startDetached(run, { cgroup, log: join(dir, 'log', log), command })
  const own = ['socket', 'pid-file', 'log-file', 'seed-file'].map(
    (file) => `--${file}=${join(dir, `munge.${file.replace('-file', '')}`)}`,
  )
  await start('munged', ['munged', '--foreground', '--force', `--key-file=${join(dir, 'munge.key')}`, ...own])
  const conf = join(dir, 'slurm.conf')
  await start('ctld', ['slurmctld', '-D', '-f', conf])
  for (let n = 1; n <= nodes.count; n++) {
    const name = nodeName(nodes, n)
    await mkdir(join(dir, 'spool', name), { recursive: true })
    await start(name, ['slurmd', '-D', '-f', conf, '-N', name])
  }
}
