import { execFile } from 'node:child_process'
import type { RunCommand } from '../src/run-command.ts'

/** Runs programs of this machine, as a user of the package would have it done. */
export const runCommand: RunCommand = (program, args, options) =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env }
    const limits = { env, timeout: options.deadlineMs, killSignal: 'SIGKILL' as const, maxBuffer: 64 * 1024 * 1024 }
    execFile(
      program,
      args,
      { ...limits, ...(options.signal ? { signal: options.signal } : {}) },
      (error, stdout, stderr) => {
        if (!error) resolve({ code: 0, signal: null, stdout, stderr })
        else if (error.killed && error.signal === 'SIGKILL')
          reject(Object.assign(new Error(`${program} did not finish in time`), { code: 'command_timeout' }))
        else if (typeof error.code === 'number')
          resolve({ code: error.code, signal: error.signal ?? null, stdout, stderr })
        else reject(Object.assign(new Error(error.message, { cause: error }), { code: 'command_start' }))
      },
    )
  })
