import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunCommand } from '@navarch/system/run-command'
import { startDetached } from './detached.ts'
import { LabError } from './errors.ts'
import { mergedRoot } from './host-boot.ts'
import type { HostFile } from './host-files.ts'
import { mustRun } from './must-run.ts'
import type { Suite } from './roots.ts'

/** Size of a virtual machine. It is emulated in software: a second of its CPU takes five to ten here. */
export interface VmShape {
  cpus: number
  memoryMb: number
}

/** Most that its disk can hold; only what is written takes space. */
const diskSize = '2G'

/**
 * Files that make a host's tree fit for a machine with a kernel of its own: its network card comes late and under the kernel's
 * name, and its GPUs have NVIDIA's device numbers, since Slurm keeps jobs from devices by number.
 */
export function vmFiles(gpus: number, suite: Suite): Record<string, HostFile> {
  const devices = Array.from({ length: gpus }, (_, n) => `c /dev/nvidia${n} 0666 root root - 195:${n}\n`)
  return {
    '/etc/systemd/system/navarch-lab-network.service.d/vm.conf': { content: networkDropIn },
    '/etc/tmpfiles.d/navarch-lab-gpus.conf': { content: devices.join('') },
    '/etc/fstab': { content: '/dev/vda / ext4 defaults 0 0\n' },
    // Newer servers shut out who asks whether they are there and goes before a slow one has answered.
    ...(suite !== 'bookworm' && { '/etc/ssh/sshd_config.d/lab.conf': { content: 'PerSourcePenalties no\n' } }),
  }
}

const findCard = 'modprobe virtio_net; until ip link show dev eth0 >/dev/null 2>&1; do sleep 0.2; done'
const networkDropIn = `[Service]
ExecStartPre=/bin/sh -c '${findCard}; ip link set dev eth0 down; ip link set dev eth0 name host0'
TimeoutStartSec=120
`

/**
 * Boots a host's tree as a virtual machine with cgroup v2 and all its controllers, detached from this process. Its tree is
 * copied to its disk: what is changed in the tree later does not reach it. About 45 s until its SSH server answers.
 * @throws LabError when the root has no kernel (`ensureRoot` with kind "vm" has)
 */
export async function bootVm(
  run: RunCommand,
  host: { hostname: string; dir: string; bridge: string; cgroup: string; lower: string },
  { cpus, memoryMb }: VmShape,
): Promise<void> {
  const { dir, lower } = host
  const boot = join(lower, 'boot')
  const files = await readdir(boot).catch(() => [])
  const kernel = files.find((name) => name.startsWith('vmlinuz-'))
  const initrd = files.find((name) => name.startsWith('initrd.img-'))
  if (!kernel || !initrd) throw new LabError(`${boot} has no kernel and initrd: the root has to be of the kind "vm"`)

  const disk = join(dir, 'disk.img')
  await mustRun(run, 'mke2fs', ['-q', '-t', 'ext4', '-L', 'root', '-d', mergedRoot(dir), disk, diskSize])
  const ifup = join(dir, 'ifup')
  await writeFile(ifup, `#!/bin/sh\nexec ip link set dev "$1" master ${host.bridge} up\n`, { mode: 0o755 })
  const command = [
    ...[
      'qemu-system-x86_64',
      '-accel',
      'tcg,thread=multi',
      '-cpu',
      'max',
      '-machine',
      'q35',
      '-no-reboot',
      '-nographic',
    ],
    ...['-smp', String(cpus), '-m', String(memoryMb), '-kernel', join(boot, kernel), '-initrd', join(boot, initrd)],
    ...['-append', 'root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 systemd.unified_cgroup_hierarchy=1 psi=1'],
    ...['-drive', `file=${disk},if=virtio,format=raw,cache=unsafe`, '-device', 'virtio-rng-pci'],
    ...['-netdev', `tap,id=net,script=${ifup},downscript=no`, '-device', 'virtio-net-pci,netdev=net,romfile='],
  ]
  await startDetached(run, { cgroup: host.cgroup, log: join(dir, 'console.log'), command, env: {} })
}
