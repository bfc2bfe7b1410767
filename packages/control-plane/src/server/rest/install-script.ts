/**
 * `/download/install.sh`: installs the agent and the command line on a machine with systemd.
 * @param server the control plane's address, filled in as the default of `--server`
 */
export function installScript(server: string): string {
  return script.replace('@SERVER@', () => server.replaceAll("'", "'\\''"))
}

const script = String.raw`#!/bin/sh
# Installs navarch-node and navarch, and starts the agent.
#   curl -fsSL SERVER/download/install.sh | sudo sh -s -- [--server URL] [--node-id ID] [--pool NAME] [--auth-token TOKEN]
# What no flag gives and an earlier installation has set stays as it is.
set -eu

config=/etc/navarch/agent.yaml
# The value of a key that an earlier installation or a bootstrap has written.
before() {
  if [ -r "$config" ]; then sed -n "s/^$1: *\"\{0,1\}\([^\"]*\)\"\{0,1\} *\$/\1/p" "$config" | head -n 1; fi
}
server='@SERVER@'
node_id=$(before node_id)
[ -n "$node_id" ] || node_id=$(hostname | cut -d. -f1)
pool=$(before pool)
auth_token=$(printenv NAVARCH_AUTH_TOKEN || before auth_token)

fail() { echo "install.sh: $1" >&2; exit "$2"; }

while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || fail "$1 needs a value, or is not known (--server, --node-id, --pool, --auth-token)" 2
  case "$1" in
    --server) server=$2 ;;
    --node-id) node_id=$2 ;;
    --pool) pool=$2 ;;
    --auth-token) auth_token=$2 ;;
    *) fail "unknown option $1 (--server, --node-id, --pool, --auth-token)" 2 ;;
  esac
  shift 2
done
for name in "$node_id" "$pool"; do
  case "$name" in
    [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) fail "the name \"$name\" may have letters, digits, \".\", \"_\" and \"-\" alone" 2 ;;
  esac
done
[ -n "$node_id" ] || fail "--node-id is empty" 2
case "$server$auth_token" in
  *[\"\\]* | *[[:cntrl:]]*) fail "the server's address and the token may not have quotes, backslashes or line ends" 2 ;;
esac
case "$server" in
  http://?* | https://?*) server=$(printf '%s' "$server" | sed 's|/*$||') ;;
  *) fail "--server is \"$server\": it must be an address such as http://control-plane:50051" 2 ;;
esac
case "$(uname -m)" in
  x86_64 | amd64) machine=amd64 ;;
  aarch64 | arm64) machine=arm64 ;;
  *) fail "there is no agent for $(uname -m)" 1 ;;
esac
[ "$(id -u)" = 0 ] || fail "this needs root: run it with sudo" 1

fetch() {
  if command -v curl > /dev/null; then
    curl -fsSL --connect-timeout 10 --max-time 600 -o "$2" "$1"
  elif command -v wget > /dev/null; then
    wget -q --timeout=30 -O "$2" "$1"
  else
    fail "neither curl nor wget is here to download with" 1
  fi
}

mkdir -p /usr/local/bin /etc/navarch
for program in navarch-node navarch; do
  fresh=/usr/local/bin/.$program.fresh
  fetch "$server/download/$program-linux-$machine" "$fresh" || { rm -f "$fresh"; fail "cannot download $server/download/$program-linux-$machine" 1; }
  chmod 755 "$fresh"
  mv -f "$fresh" "/usr/local/bin/$program"
done

umask 077
kept=$(if [ -r "$config" ]; then grep -Ev '^(server|node_id|pool|auth_token):' "$config" || true; fi)
{
  [ -z "$kept" ] || printf '%s\n' "$kept"
  echo "server: \"$server\""
  echo "node_id: \"$node_id\""
  [ -z "$pool" ] || echo "pool: \"$pool\""
  [ -z "$auth_token" ] || echo "auth_token: \"$auth_token\""
} > "$config.fresh"
mv -f "$config.fresh" "$config"
umask 022
echo "server: \"$server\"" > /etc/navarch/client.yaml
chmod 644 /etc/navarch/client.yaml

[ -e /etc/systemd/system/navarch-node.service ] || cat > /etc/systemd/system/navarch-node.service << 'UNIT'
[Unit]
Description=Navarch node agent
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=/usr/local/bin/navarch-node
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable navarch-node
systemctl restart navarch-node
echo "navarch-node runs as $node_id and reports to $server"
`
