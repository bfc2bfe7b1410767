import { shellQuote } from './shell-quote.ts'

export interface WriteOptions {
  /** Permissions, e.g. 0o600. */
  mode: number
  /** "user:group"; default the writing user's. */
  owner?: string
  /** Default 60 000. */
  deadlineMs?: number
  /** Default: true unless the user is root. */
  sudo?: boolean
  signal?: AbortSignal
}

/**
 * The script that puts its standard input in place of a file. The length is checked before the rename: a connection
 * lost half-way looks like the end of the input.
 */
export function writeScript(path: string, bytes: number, options: { mode: number; owner?: string }): string {
  const lines = [
    'set -eu',
    'umask 077',
    `path=${shellQuote(path)}`,
    '(umask 022; mkdir -p -- "$(dirname -- "$path")")',
    'fresh=$(mktemp -- "$path.XXXXXXXX")',
    `trap 'rm -f -- "$fresh"' EXIT`,
    'cat > "$fresh"',
    `test "$(wc -c < "$fresh")" -eq ${bytes} || { echo "the connection broke off while writing" >&2; exit 1; }`,
    ...(options.owner === undefined ? [] : [`chown -- ${shellQuote(options.owner)} "$fresh"`]),
    `chmod ${options.mode.toString(8).padStart(4, '0')} "$fresh"`,
    'mv -f -- "$fresh" "$path"',
    'trap - EXIT',
  ]
  return lines.join('\n')
}
