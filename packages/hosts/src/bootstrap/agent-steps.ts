import { shellQuote } from '../shell-quote.ts'
import type { BootstrapStep } from './bootstrap-step.ts'
import type { NodeSetup } from './node-setup.ts'

/** The agent and the command line, downloaded from the control plane, configured and running. */
export function agentSteps(setup: NodeSetup): BootstrapStep[] {
  return [
    ...caSteps(setup),
    { kind: 'run', name: 'download the agent and the command line', script: downloadScript(setup) },
    ...configSteps(setup),
    {
      kind: 'write',
      name: "write the agent's unit",
      path: '/etc/systemd/system/navarch-node.service',
      content: agentUnit(setup),
      mode: 0o644,
    },
    {
      kind: 'run',
      name: 'start the agent',
      script: `systemctl daemon-reload
systemctl enable navarch-node
systemctl restart navarch-node && sleep 1 && systemctl is-active --quiet navarch-node && exit 0
journalctl -u navarch-node -n 20 --no-pager -o cat >&2
echo "navarch-node does not run" >&2
exit 1
`,
    },
  ]
}

const caPath = '/etc/navarch/ca.pem'

/** What the control plane's certificate is checked by. */
function caSteps({ caCertificate }: NodeSetup): BootstrapStep[] {
  if (caCertificate === undefined) return []
  const name = "write the authorities of the control plane's certificate"
  return [{ kind: 'write', name, path: caPath, content: caCertificate, mode: 0o644 }]
}

/** The files from which agent and command line know the control plane. */
export function clientConfigSteps(setup: NodeSetup): BootstrapStep[] {
  return [...caSteps(setup), ...configSteps(setup)]
}

function configSteps(setup: NodeSetup): BootstrapStep[] {
  return [
    {
      kind: 'write',
      name: "write the agent's configuration",
      path: '/etc/navarch/agent.yaml',
      content: agentConfig(setup),
      mode: 0o600,
    },
    {
      kind: 'write',
      name: "write the command line's configuration",
      path: '/etc/navarch/client.yaml',
      content: `server: ${JSON.stringify(setup.server)}\n${setup.caCertificate === undefined ? '' : `tls_ca: ${caPath}\n`}`,
      mode: 0o644,
    },
  ]
}

/** Content of /etc/navarch/agent.yaml. JSON strings are YAML strings; what is unknown is left out. */
export function agentConfig(setup: NodeSetup): string {
  const { node, pool, provider, region, zone, instanceType, server, authToken } = setup
  const entries: [string, string | undefined][] = [
    ['server', server],
    ['node_id', node],
    ['pool', pool],
    ['provider', provider],
    ['region', region],
    ['zone', zone],
    ['instance_type', instanceType],
    ['auth_token', authToken],
    ['tls_ca', setup.caCertificate === undefined ? undefined : caPath],
  ]
  return entries.flatMap(([key, value]) => (value ? [`${key}: ${JSON.stringify(value)}\n`] : [])).join('')
}

/** Each program is put in place by a rename, so that one that runs is not disturbed. */
function downloadScript({ server, caCertificate }: NodeSetup): string {
  const ca =
    caCertificate === undefined
      ? { curl: '', wget: '' }
      : { curl: `--cacert ${caPath} `, wget: `--ca-certificate=${caPath} ` }
  return `set -eu
case "$(uname -m)" in
  x86_64 | amd64) machine=amd64 ;;
  aarch64 | arm64) machine=arm64 ;;
  *) echo "there is no agent for $(uname -m)" >&2; exit 1 ;;
esac
fetch() {
  if command -v curl > /dev/null; then
    curl -fsSL ${ca.curl}--connect-timeout 10 --retry 3 --retry-delay 2 -o "$2" "$1"
  elif command -v wget > /dev/null; then
    wget -q ${ca.wget}--timeout=30 --tries=3 -O "$2" "$1"
  else
    echo "neither curl nor wget is here to download with" >&2
    return 1
  fi
}
mkdir -p /usr/local/bin
for program in navarch-node navarch; do
  url=${shellQuote(server.replace(/\/+$/, ''))}/download/$program-linux-$machine
  fresh=/usr/local/bin/.$program.fresh
  fetch "$url" "$fresh" || { rm -f "$fresh"; echo "cannot download $url" >&2; exit 1; }
  chmod 755 "$fresh"
  mv -f "$fresh" "/usr/local/bin/$program"
done
`
}

/** "%" begins a specifier in unit files. */
function agentUnit({ server, node }: NodeSetup): string {
  return `[Unit]
Description=Navarch node agent
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=/usr/local/bin/navarch-node --server ${server.replaceAll('%', '%%')} --node-id ${node}
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
`
}
