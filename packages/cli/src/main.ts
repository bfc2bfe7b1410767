import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { systemClock } from '@navarch/system/clock'
import type { Io, OutputStream } from './io.ts'
import { run } from './run.ts'

const stop = new AbortController()

/** Beside, then moved: nobody ever reads half of it, and at no time can others read it. */
async function writePrivateFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const fresh = `${path}.${process.pid}.new`
  await writeFile(fresh, text, { mode: 0o600, flag: 'wx' })
  await rename(fresh, path)
}

function outputOf(stream: NodeJS.WriteStream): OutputStream {
  // A reader such as `head` that has seen enough ends us quietly.
  stream.on('error', () => stop.abort())
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns
    },
    get rows() {
      return stream.rows
    },
  }
}

for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())

const io: Io = {
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  bytes: process.stdout,
  env: process.env,
  home: homedir(),
  fetch,
  clock: systemClock,
  random: Math.random,
  readFile: (path) => readFile(path, 'utf8'),
  exists: (path) =>
    stat(path).then(
      () => true,
      ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR',
    ),
  readStdin: async () => {
    let text = ''
    for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk
    return text
  },
  writePrivateFile,
  trustAnyCertificate: () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  },
  trustAuthorities: (pem) => setDefaultCACertificates([...getCACertificates('default'), pem]),
  signal: stop.signal,
}

process.exitCode = await run(process.argv.slice(2), io, process.env['NAVARCH_CALLED_AS'])
