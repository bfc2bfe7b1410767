import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { systemClock } from '@navarch/system/clock'
import type { OutputStream } from './io.ts'
import { run } from './run.ts'

const stop = new AbortController()

function outputOf(stream: NodeJS.WriteStream): OutputStream {
  // A reader such as `head` that has seen enough ends us quietly.
  stream.on('error', () => stop.abort())
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns
    },
  }
}

for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())

process.exitCode = await run(process.argv.slice(2), {
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  bytes: process.stdout,
  env: process.env,
  home: homedir(),
  fetch,
  clock: systemClock,
  random: Math.random,
  readFile: (path) => readFile(path, 'utf8'),
  trustAnyCertificate: () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  },
  signal: stop.signal,
})
