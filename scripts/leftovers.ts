/** Finds what a test run left behind: every process that it started has its mark in the environment. */
import { readdir, readFile } from 'node:fs/promises'
import { systemClock } from '@navarch/system/clock'

/** The variable that marks the processes of a test run. */
export const runMark = 'NAVARCH_TEST_RUN'

export interface Leftover {
  pid: number
  command: string
}

/** Processes with the mark of run `id`, this one aside. Linux alone; elsewhere there are none to be seen. */
export async function findLeftovers(id: string): Promise<Leftover[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
      if (!environment.split('\0').includes(`${runMark}=${id}`)) return []
      const command = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
      return [{ pid: Number(pid), command: command.replaceAll('\0', ' ').trim().slice(0, 120) }]
    }),
  )
  return found.flat()
}

/** Ends what run `id` left, after giving it `graceMs` to end by itself. @returns what had to be killed */
export async function endLeftovers(id: string, graceMs: number): Promise<Leftover[]> {
  const end = systemClock.now() + graceMs
  let left = await findLeftovers(id)
  while (left.length > 0 && systemClock.now() < end) {
    await systemClock.sleep(200)
    left = await findLeftovers(id)
  }
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended meanwhile.
    }
  }
  return left
}
