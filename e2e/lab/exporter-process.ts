import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type Exposition, parseExposition } from './exposition.ts'
import { root } from './process.ts'

/** An exporter as users run it: a process of its own. */
export interface ExporterProcess {
  url: string
  /** Its log so far. */
  log(): string
  text(): Promise<string>
  scrape(): Promise<Exposition>
  /** SIGTERM; resolves with the exit status. */
  stop(): Promise<number | null>
}

/** Starts a launcher of packages/cli/bin with arguments of which one makes it listen on port 0 of the loopback. */
export async function startExporter(launcher: string, args: readonly string[]): Promise<ExporterProcess> {
  const child: ChildProcess = spawn(process.execPath, [`${root}/packages/cli/bin/${launcher}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  const started = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        log += `${line}\n`
        const address = /"slurm exporter started","address":"([^"]+)"/.exec(line)?.[1]
        if (address !== undefined) resolve(address)
      })
    }
    child.once('exit', (code) => reject(new Error(`the exporter ended with ${code}: ${log}`)))
  })
  const url = `http://${await started}`
  const text = async () => (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(20_000) })).text()
  return {
    url,
    log: () => log,
    text,
    scrape: async () => parseExposition(await text()),
    async stop() {
      if (child.exitCode !== null) return child.exitCode
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const [code] = await ended
      return code
    },
  }
}
