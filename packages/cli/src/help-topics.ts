/** Texts of `navarch help TOPIC`. */
export const helpTopics: Readonly<Record<string, { summary: string; text: string }>> = {
  settings: {
    summary: 'where the control plane and its token come from',
    text: `The control plane is the first of these that is given:

  --server ADDRESS
  NAVARCH_SERVER
  server: in ~/.config/navarch/client.yaml
  server: in /etc/navarch/client.yaml (written by bootstrap on each node)
  http://localhost:50051

An address without a scheme ("host:port") is http. The token is the first of --auth-token, NAVARCH_AUTH_TOKEN,
NAVARCH_TOKEN and auth_token: in a client.yaml; a file's token goes to that file's server alone.

client.yaml has the keys server, auth_token, tls_ca (a file) and insecure (true accepts any TLS certificate).
NO_COLOR turns colours off; they are off wherever the output is not a terminal.`,
  },
  output: {
    summary: 'tables, JSON and YAML, and how to read them in scripts',
    text: `-o table   columns for people (default); wide shows more of them
-o json    lists are arrays ([] when empty), single things are objects
-o yaml    the same in YAML

A value that is not known is null in JSON and "unknown" or "never" in tables, never 0. "events" prints one object per
line, and so do --watch, --follow, and cordon, uncordon and drain (one object per node). Messages and warnings go to
stderr, so that stdout holds nothing but the answer.

  navarch list -o json | jq -r '.[] | select(.health == "unhealthy") | .id'`,
  },
  'exit-status': {
    summary: 'what the exit status says',
    text: `0  done
1  failed: refused by the control plane, or what was waited for failed
2  wrong usage: unknown command or flag, a value that is not allowed, a settings file that cannot be read
3  not found: no such node, pool or operation, or none that a list of nodes, operations or alerts is filtered by
4  control plane unreachable: no answer within --timeout

A program that Ctrl-C ends answers 130. "config check" answers 1 for a file that would be refused.

navarch-control-plane answers 2 for wrong usage and for a configuration that is refused, 1 when it cannot start or run.
navarch-node answers 64 for wrong usage and settings, since "navarch-node check" tells with 0, 1 and 2 what it found.`,
  },
}
