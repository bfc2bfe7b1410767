import type { Clock } from '@navarch/system/clock'

export interface OutputStream {
  write(text: string): void
  isTTY: boolean
  /** Width of the terminal; undefined when it is none. */
  columns?: number | undefined
  /** Its height. */
  rows?: number | undefined
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
  /** Whether anything is there, be it a folder or what this user may not read. */
  exists: (path: string) => Promise<boolean>
  /** All of standard input. */
  readStdin: () => Promise<string>
  /** Writes a file that its owner alone can read, in place of what is there, with its folder. */
  writePrivateFile: (path: string, text: string) => Promise<void>
  /** Stops the checks of TLS certificates, for `--insecure`. */
  trustAnyCertificate: () => void
  /** Trusts these authorities, PEM, beside those of the machine, for `--tls-ca`. */
  trustAuthorities: (pem: string) => void
  /** Aborted by Ctrl-C, SIGTERM, or when nobody reads our output any more. */
  signal: AbortSignal
}
