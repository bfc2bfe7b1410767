import { createServer, type Server } from 'node:net'
import type { Clock } from '@navarch/system/clock'
import { LabError } from './errors.ts'

/**
 * Runs `work` while no other process or call on this machine holds the lock `name`.
 *
 * The lock is an abstract Unix socket: the kernel gives it to one holder and takes it back when the holder dies,
 * so that a killed process leaves no stale lock behind.
 * @throws LabError when the lock is not had within `deadlineMs`
 */
export async function withLock<T>(
  name: string,
  options: { clock: Clock; deadlineMs: number },
  work: () => Promise<T>,
): Promise<T> {
  const giveUpAt = options.clock.now() + options.deadlineMs
  let holder = await bind(name)
  while (!holder) {
    if (options.clock.now() >= giveUpAt)
      throw new LabError(`lock ${name}: still held by another process after ${options.deadlineMs} ms`)
    await options.clock.sleep(25)
    holder = await bind(name)
  }
  try {
    return await work()
  } finally {
    await release(holder)
  }
}

function bind(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    server.listen(`\0navarch-lab:${name}`, () => resolve(server))
  })
}

function release(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
