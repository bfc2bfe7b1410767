import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunCommand } from '@navarch/system/run-command'
import { startDetached } from './detached.ts'
import { type HostFile, placeFiles } from './host-files.ts'
import { mustRun } from './must-run.ts'

/** What a host's tree is made from. */
export interface HostTree {
  /** The root that it starts from. */
  lower: string
  /** Folder of the host, on the lab's tmpfs. */
  dir: string
  hostname: string
  /** With the length of the prefix, e.g. `10.213.0.10/24`. */
  address: string
  /** This machine's address on the bridge. */
  bridgeAddress: string
  authorizedKeys: readonly string[]
  /** A user besides root who logs in with the same keys and may use sudo without a password. */
  sudoUser: string | undefined
  files: Readonly<Record<string, HostFile>>
  /** Units that start at boot. */
  enable: readonly string[]
  gpus: number
}

/** The host's root as this machine sees it. */
export function mergedRoot(dir: string): string {
  return join(dir, 'root')
}

/**
 * Mounts a host's own copy of its root and makes it a machine of its own: name, address, identity, keys, files.
 * @returns the public key that its SSH server will present, "ssh-ed25519 base64"
 */
export async function prepareTree(run: RunCommand, tree: HostTree): Promise<string> {
  const [upper, work, root] = [join(tree.dir, 'upper'), join(tree.dir, 'work'), mergedRoot(tree.dir)]
  for (const folder of [upper, work, root]) await mkdir(folder, { recursive: true })
  const layers = `lowerdir=${tree.lower},upperdir=${upper},workdir=${work}`
  await mustRun(run, 'mount', ['-t', 'overlay', '-o', layers, 'navarch-lab-host', root])

  if (tree.sudoUser !== undefined)
    await mustRun(run, 'chroot', [root, 'useradd', '--create-home', '--shell', '/bin/bash', tree.sudoUser])
  await placeFiles(root, { ...identityFiles(tree), ...loginFiles(tree), ...tree.files })
  for (const unit of ['navarch-lab-network', ...tree.enable]) await enableUnit(root, unit)

  const hostKey = '/etc/ssh/ssh_host_ed25519_key'
  await mustRun(run, 'chroot', [root, 'ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', hostKey])
  return (await readFile(join(root, `${hostKey}.pub`), 'utf8')).trim()
}

function identityFiles(tree: HostTree): Record<string, HostFile> {
  return {
    '/etc/hostname': { content: `${tree.hostname}\n` },
    '/etc/machine-id': { content: `${randomBytes(16).toString('hex')}\n`, mode: 0o444 },
    '/etc/systemd/system/navarch-lab-network.service': { content: networkUnit(tree.address, tree.bridgeAddress) },
    // Null devices: a real GPU of this machine must not be opened by a test.
    '/etc/tmpfiles.d/navarch-lab-gpus.conf': {
      content: Array.from({ length: tree.gpus }, (_, n) => `c /dev/nvidia${n} 0666 root root - 1:3\n`).join(''),
    },
    '/etc/ssh/sshd_config.d/navarch-lab.conf': {
      content: 'HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\nMaxStartups 100\n',
    },
  }
}

function loginFiles({ authorizedKeys, sudoUser }: HostTree): Record<string, HostFile> {
  const content = authorizedKeys.map((key) => `${key.trim()}\n`).join('')
  const root = { '/root/.ssh/authorized_keys': { content, mode: 0o600 } }
  if (sudoUser === undefined) return root
  return {
    ...root,
    [`/home/${sudoUser}/.ssh/authorized_keys`]: { content, mode: 0o600, owner: sudoUser },
    [`/etc/sudoers.d/${sudoUser}`]: { content: `${sudoUser} ALL=(ALL) NOPASSWD: ALL\n`, mode: 0o440 },
  }
}

/**
 * networkd and ifupdown differ between suites, or are absent; the `ip` command does not. The hardware address follows
 * the address, so that nobody goes on sending to the host that had it before. The ping makes the host known to this
 * machine, which may have asked for it before it was there, and asks only once a second.
 */
function networkUnit(address: string, bridgeAddress: string): string {
  const octets = address.replace(/\/.*/, '').split('.')
  const hardware = ['02', '00', ...octets.map((octet) => Number(octet).toString(16).padStart(2, '0'))].join(':')
  const commands = [
    'ip link set lo up',
    `ip link set host0 address ${hardware}`,
    `ip address replace ${address} dev host0`,
  ]
  return `[Unit]
Description=Address of this lab host
DefaultDependencies=no
Before=network-pre.target network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c '${commands.join(' && ')} && ip link set host0 up'
ExecStartPost=-/bin/ping -c 1 -W 1 ${bridgeAddress}
[Install]
WantedBy=sysinit.target
`
}

async function enableUnit(root: string, name: string): Promise<void> {
  const unit = name.includes('.') ? name : `${name}.service`
  const folder = join(root, 'etc/systemd/system/multi-user.target.wants')
  await mkdir(folder, { recursive: true })
  await rm(join(folder, unit), { force: true })
  // A name that does not exist in the tree is of no matter: systemd goes by the link's own name.
  await symlink(`/etc/systemd/system/${unit}`, join(folder, unit))
}

/** Starts the host's systemd, detached from this process. Returns at once; the host boots meanwhile. */
export async function boot(
  run: RunCommand,
  host: { machine: string; hostname: string; dir: string; bridge: string; cgroup: string },
): Promise<void> {
  const command = [
    ...['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--boot', '--settings=no'],
    ...[`--machine=${host.machine}`, `--hostname=${host.hostname}`, `--directory=${mergedRoot(host.dir)}`],
    ...[`--network-bridge=${host.bridge}`, '--capability=all', '--link-journal=no', '--resolv-conf=off'],
    ...['--timezone=off', '--console=read-only'],
  ]
  const env = { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1', SYSTEMD_NSPAWN_LOCK: '0' }
  // Two hosts in one group would let the systemd of one end the services of the other.
  await startDetached(run, { cgroup: host.cgroup, log: join(host.dir, 'console.log'), command, env })
}
