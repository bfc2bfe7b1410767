import type { BootstrapStep } from './bootstrap-step.ts'
import { checkNodeSetup, type NodeSetup, type SlurmSetup } from './node-setup.ts'

/** Munge's key, Slurm's configuration and slurmd's options. slurmd is stopped meanwhile and stays so. */
export function configureSlurmSteps({ node, slurm }: NodeSetup): BootstrapStep[] {
  if (!slurm) return []
  return [
    { kind: 'run', name: 'stop slurmd', script: 'systemctl stop slurmd 2>/dev/null || true\n' },
    ...mungeSteps(slurm),
    ...configSteps(slurm),
    {
      kind: 'write',
      name: 'write the options of slurmd',
      path: '/etc/default/slurmd',
      content: `# Written by Navarch.\nSLURMD_OPTIONS='${slurmdOptions(node, slurm)}'\n`,
      mode: 0o644,
    },
    {
      kind: 'write',
      name: 'adapt the unit of slurmd',
      path: '/etc/systemd/system/slurmd.service.d/navarch.conf',
      content: slurmdDropIn,
      mode: 0o644,
    },
    {
      kind: 'run',
      name: 'make the folders of slurmd',
      script: `set -eu
mkdir -p /etc/slurm /var/log/slurm /var/spool/slurmd /var/lib/slurm/slurmd
if id slurm > /dev/null 2>&1; then chown slurm: /var/log/slurm; fi
systemctl daemon-reload
`,
    },
  ]
}

/** Starts slurmd, after which the node registers with slurmctld. @throws NodeSetupError */
export function startSlurmdSteps(setup: NodeSetup): BootstrapStep[] {
  checkNodeSetup(setup)
  if (!setup.slurm) return []
  return [
    {
      kind: 'run',
      name: 'start slurmd',
      deadlineMs: 2 * 60_000,
      // It ends within a second or two when it cannot use its configuration, after systemd has called it started.
      script: `systemctl enable slurmd
systemctl restart slurmd && sleep 2 && systemctl is-active --quiet slurmd && exit 0
journalctl -u slurmd -n 20 --no-pager -o cat >&2
echo "slurmd does not run" >&2
exit 1
`,
    },
  ]
}

/**
 * slurmd's command line options (slurmd(8), since 22.05). Quotes within are read by systemd, which splits
 * $SLURMD_OPTIONS at blanks outside of double quotes.
 */
export function slurmdOptions(node: string, slurm: SlurmSetup): string {
  const dynamic =
    slurm.dynamicConf === undefined || slurm.dynamicConf === '' ? '-Z' : `-Z --conf "${slurm.dynamicConf}"`
  return [
    ...(slurm.naming === 'dynamic' ? [dynamic] : []),
    `-N ${node}`,
    ...(slurm.config.kind === 'configless' ? [`--conf-server ${slurm.config.servers.join(',')}`] : []),
  ].join(' ')
}

/** Debian's unit asks for a slurm.conf that a configless host never has, and Red Hat's reads its options elsewhere. */
const slurmdDropIn = `# Written by Navarch.
[Unit]
ConditionPathExists=
After=munge.service network-online.target
Wants=munge.service

[Service]
EnvironmentFile=-/etc/default/slurmd
`

function mungeSteps({ mungeKey }: SlurmSetup): BootstrapStep[] {
  const start: BootstrapStep = {
    kind: 'run',
    name: 'start munge',
    script: `set -eu
mkdir -p /etc/munge /var/log/munge /var/lib/munge
chown -R munge:munge /etc/munge /var/log/munge /var/lib/munge
chmod 0700 /etc/munge /var/log/munge
systemctl enable munge
systemctl restart munge
`,
  }
  if (!mungeKey) return [start]
  return [
    {
      kind: 'write',
      name: "write munge's key",
      path: '/etc/munge/munge.key',
      content: mungeKey,
      mode: 0o400,
      owner: 'munge:munge',
    },
    start,
  ]
}

/** A slurm.conf left by an image would win over the one that slurmd fetches, so it is put aside. */
function configSteps({ config }: SlurmSetup): BootstrapStep[] {
  if (config.kind === 'image') return []
  if (config.kind === 'configless') {
    return [
      {
        kind: 'run',
        name: 'put aside a slurm.conf of the image',
        script: `set -eu
for file in /etc/slurm/slurm.conf /etc/slurm-llnl/slurm.conf; do
  if [ -f "$file" ]; then mv -f "$file" "$file.before-navarch"; fi
done
`,
      },
    ]
  }
  return config.files.map(({ name, content }) => ({
    kind: 'write',
    name: `write ${name}`,
    path: `/etc/slurm/${name}`,
    content,
    mode: 0o644,
  }))
}
