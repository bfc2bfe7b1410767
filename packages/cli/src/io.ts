import type { Clock } from '@navarch/system/clock'

export interface OutputStream {
  write(text: string): void
  isTTY: boolean
  /** Width of the terminal; undefined when it is none. */
  columns?: number | undefined
}

/** All that the command line touches of its machine. */
export interface Io {
  stdout: OutputStream
  stderr: OutputStream
  /** Standard output, for bytes. */
  bytes: NodeJS.WritableStream
  env: Readonly<Record<string, string | undefined>>
  /** The user's home folder. */
  home: string
  fetch: typeof fetch
  clock: Clock
  /** A number in [0, 1). */
  random: () => number
  /** @throws the error of node:fs when the file cannot be read */
  readFile: (path: string) => Promise<string>
  /** Stops the checks of TLS certificates, for `--insecure`. */
  trustAnyCertificate: () => void
  /** Aborted by Ctrl-C, SIGTERM, or when nobody reads our output any more. */
  signal: AbortSignal
}
