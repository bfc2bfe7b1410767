import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StoreError } from '../store.ts'
import { lockDataDir } from './data-dir-lock.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const holder = `
  const { lockDataDir } = await import(process.argv[1])
  lockDataDir(process.argv[2])
  process.stdout.write('held')
  setInterval(() => {}, 1000)`

describe('the lock of a data folder', () => {
  it('keeps others out, says who has it, and is free once that process was killed', async () => {
    const module = new URL('./data-dir-lock.ts', import.meta.url).href
    const args = ['--input-type=module', '--eval', holder, '--', module, dir]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    expect(() => lockDataDir(dir)).toThrow(
      new RegExp(
        `^cannot open ${dir}: another control plane is using it \\(process ${child.pid} on \\S+ since 2\\S+Z\\)$`,
      ),
    )
    child.kill('SIGKILL')
    await ended
    lockDataDir(dir).release()
  })

  it('is taken again after it was released, and released twice without harm', () => {
    const lock = lockDataDir(dir)
    lock.release()
    lock.release()
    lockDataDir(dir).release()
  })

  it('makes the folder, and says what to do when it cannot', () => {
    lockDataDir(join(dir, 'a', 'b')).release()
    writeFileSync(join(dir, 'file'), '')
    expect(() => lockDataDir(join(dir, 'file', 'b'))).toThrow(StoreError)
    expect(() => lockDataDir(join(dir, 'file', 'b'))).toThrow(
      /cannot make the data folder .*; choose another with --data-dir/,
    )
  })
})
