import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isStuckInKernel } from './stuck-process.ts'

let proc: string
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'navarch-proc-'))
})
afterEach(() => rmSync(proc, { recursive: true }))

function addProcess(pid: number, state: string, args: string[]): void {
  mkdirSync(join(proc, String(pid)))
  writeFileSync(join(proc, String(pid), 'stat'), `${pid} (${args[0]}) ${state} 1 1 1 0 -1 4194304`)
  writeFileSync(join(proc, String(pid), 'cmdline'), `${args.join('\0')}\0`)
}

it('sees a call of ours that hangs in the kernel', async () => {
  addProcess(10, 'S', ['bash'])
  addProcess(11, 'D', ['nvidia-smi', '--query-gpu=index,uuid'])
  expect(await isStuckInKernel('nvidia-smi', '--query-gpu=index', proc)).toBe(true)
})

it('leaves out calls that run, and those of other people', async () => {
  addProcess(11, 'R', ['nvidia-smi', '--query-gpu=index,uuid'])
  addProcess(12, 'D', ['nvidia-smi', '-L'])
  expect(await isStuckInKernel('nvidia-smi', '--query-gpu=index', proc)).toBe(false)
})
