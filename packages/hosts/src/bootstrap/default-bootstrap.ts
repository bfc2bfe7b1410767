import { shellQuote } from '../shell-quote.ts'
import { agentSteps } from './agent-steps.ts'
import type { BootstrapStep } from './bootstrap-step.ts'
import { checkNodeSetup, type NodeSetup } from './node-setup.ts'
import { configureSlurmSteps } from './slurm-steps.ts'

/**
 * The product's own bootstrap: a bare Debian-like or Red Hat-like machine with systemd becomes a node with its name,
 * its agent and a configured slurmd, which is *not* started: `startSlurmdSteps` does that, once slurmctld knows the
 * node. Every step may run again.
 * @throws NodeSetupError when a value could be misread by a shell or a configuration file
 */
export function defaultBootstrapSteps(setup: NodeSetup): BootstrapStep[] {
  checkNodeSetup(setup)
  return [hostNameStep(setup), packagesStep(setup), ...configureSlurmSteps(setup), ...agentSteps(setup)]
}

/** A name that resolves on the machine itself, and stays: cloud-init would set its own again at the next boot. */
export function hostNameStep({ node, address }: NodeSetup): BootstrapStep {
  return {
    kind: 'run',
    name: 'set the host name',
    script: `set -eu
name=${shellQuote(node)}
if [ "$(cat /proc/sys/kernel/hostname)" != "$name" ]; then
  hostnamectl set-hostname "$name" 2>/dev/null || hostname "$name" || printf '%s\\n' "$name" > /proc/sys/kernel/hostname
fi
printf '%s\\n' "$name" > /etc/hostname
if [ -d /etc/cloud/cloud.cfg.d ]; then
  printf 'preserve_hostname: true\\n' > /etc/cloud/cloud.cfg.d/99-navarch-hostname.cfg
fi
touch /etc/hosts
grep -q '[[:space:]]localhost\\([[:space:]]\\|$\\)' /etc/hosts || printf '127.0.0.1 localhost\\n' >> /etc/hosts
getent hosts "$name" > /dev/null || printf '%s %s\\n' ${shellQuote(address)} "$name" >> /etc/hosts
`,
  }
}

/**
 * Installs only what is missing. Services are kept from starting meanwhile: munge would make a key of its own, and
 * slurmd must not register before its node has been announced.
 */
function packagesStep({ slurm }: NodeSetup): BootstrapStep {
  const wanted = slurm ? 'munge slurmd' : ''
  return {
    kind: 'run',
    name: slurm ? 'install munge and slurmd' : 'install a downloader',
    deadlineMs: 10 * 60_000,
    script: `set -eu
missing=
for package in ${wanted}; do
  program=$package
  [ "$package" != munge ] || program=munged
  command -v "$program" > /dev/null || missing="$missing $package"
done
command -v curl > /dev/null || command -v wget > /dev/null || missing="$missing curl ca-certificates"
[ -n "$missing" ] || { echo "nothing to install"; exit 0; }
if command -v apt-get > /dev/null; then
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=300 update
  apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing
elif command -v dnf > /dev/null; then
  dnf install -y $(printf '%s\\n' $missing | sed 's/^slurmd$/slurm-slurmd/')
else
  echo "missing:$missing; there is neither apt-get nor dnf to install it: use an image that has it" >&2
  exit 1
fi
`,
  }
}
