import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fakeNvidiaSmi } from '@navarch/gpu/fake-nvidia-smi'
import { root } from './process.ts'

/** A node's agent as a process of this machine, with a kernel log, GPUs and a boot of its own. */
export interface AgentProcess {
  /** Writes a line into the log that it reads as the kernel's. */
  kernelLog(line: string): Promise<void>
  /** What nvidia-smi answers from now on, in the words of packages/gpu/bin/fake-nvidia-smi; without a word, nothing is wrong. */
  gpus(...faults: readonly string[]): Promise<void>
  /** SIGKILL: no word is said. */
  kill(): Promise<void>
  start(): void
  /** As a machine that was switched off and on. */
  reboot(): Promise<void>
}

/** Starts it. Ends with `kill`; all that it keeps is in a folder of `dir`. */
export async function startAgent(options: { server: string; node: string; dir: string }): Promise<AgentProcess> {
  const folder = join(options.dir, `agent-${options.node}`)
  const at = (name: string) => join(folder, name)
  await mkdir(at('bin'), { recursive: true })
  await writeFile(at('bin/nvidia-smi'), await fakeNvidiaSmi(), { mode: 0o755 })
  for (const name of ['kernel.log', 'gpus']) await writeFile(at(name), '')
  const newBoot = () => writeFile(at('boot_id'), `${randomUUID()}\n`)
  await newBoot()
  let child: ChildProcess | undefined

  const agent: AgentProcess = {
    kernelLog: (line) => appendFile(at('kernel.log'), `${line}\n`),
    gpus: (...faults) => writeFile(at('gpus'), faults.map((fault) => `${fault}\n`).join('')),
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
    start() {
      const output = openSync(at('output'), 'a')
      const program = [process.execPath, join(root, 'packages/agent/bin/navarch-node.js')]
      const flags = ['--server', options.server, '--node-id', options.node, '--kernel-log', at('kernel.log')]
      const own = ['--state-dir', at('state'), '--metrics-address', 'none', '--sample-interval', '1s']
      // The kernel has one boot for all of this machine's agents: each sees a file of its own in its place.
      const script = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'
      child = spawn('unshare', ['-m', 'sh', '-c', script, at('boot_id'), ...program, ...flags, ...own], {
        stdio: ['ignore', output, output],
        env: {
          PATH: `${at('bin')}:${process.env['PATH']}`,
          NAVARCH_FAKE_GPU_COUNT: '2',
          NAVARCH_FAKE_GPU_STATE: at('gpus'),
        },
      })
      closeSync(output)
    },
    async reboot() {
      await agent.kill()
      await newBoot()
      agent.start()
    },
  }
  agent.start()
  return agent
}
