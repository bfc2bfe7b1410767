import { dirname } from 'node:path'
import { type FileTree, machineFiles } from '@navarch/cgroup/read-file'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import { expandHostlist } from '@navarch/slurm/hostlist'

/**
 * Minor numbers of a node's NVIDIA GPUs in the order of gres.conf.
 * @returns undefined where no line with `File=/dev/nvidia…` is about the node: Slurm finds the GPUs by itself
 */
export function gpuMinorsOfGresConf(text: string, node: string): number[] | undefined {
  const minors = text.split('\n').flatMap((line) => {
    const values = new Map(
      [...line.replace(/#.*$/, '').matchAll(/(\w+)=(\S+)/g)].map(([, key = '', value = '']) => [
        key.toLowerCase(),
        value,
      ]),
    )
    if (values.get('name') !== 'gpu' || !isAbout(values.get('nodename'), node)) return []
    return hosts(values.get('file') ?? '')
      .flatMap((file) => /nvidia(\d+)$/.exec(file)?.[1] ?? [])
      .map(Number)
  })
  return minors.length > 0 ? minors : undefined
}

function isAbout(nodes: string | undefined, node: string): boolean {
  return nodes === undefined || hosts(nodes).includes(node)
}

/** Files are written as hosts are: /dev/nvidia[0-3]. */
function hosts(text: string): string[] {
  try {
    return expandHostlist(text, 10_000)
  } catch {
    return []
  }
}

/** Where slurmd keeps the gres.conf that it runs with, the first first: beside slurm.conf, or the copy of a configless one. */
export function readGresConf(slurmConf: string | undefined, tree: FileTree = machineFiles): string | undefined {
  const folders = [
    ...(slurmConf ? [dirname(slurmConf)] : []),
    '/etc/slurm',
    '/run/slurm/conf',
    '/var/spool/slurmd/conf-cache',
  ]
  for (const folder of folders) {
    const text = tree.read(`${folder}/gres.conf`)
    if (text !== undefined) return text
  }
  return undefined
}

/** Minor numbers by UUID, as the driver tells under /proc/driver/nvidia; those that it does not tell are left out. */
export function readNvidiaMinors(readings: readonly GpuReading[], tree: FileTree = machineFiles): Map<string, number> {
  const minors = new Map<string, number>()
  for (const { uuid, pciBusId } of readings) {
    if (uuid === undefined || pciBusId === undefined) continue
    // NVML writes eight digits of the domain, the kernel four.
    const address = pciBusId.toLowerCase().replace(/^0000(?=[0-9a-f]{4}:)/, '')
    const text = tree.read(`/proc/driver/nvidia/gpus/${address}/information`) ?? ''
    const minor = /^Device Minor:\s+(\d+)$/m.exec(text)?.[1]
    if (minor !== undefined) minors.set(uuid, Number(minor))
  }
  return minors
}
