import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Whether a process of this program hangs in the kernel (state D), where no signal reaches it, and was started with
 * this argument. It sees those that an earlier run of ours left behind too.
 * @param argument beginning of one of its arguments, which sets ours apart from other people's
 * @param procDir where procfs is mounted
 */
export async function isStuckInKernel(program: string, argument: string, procDir = '/proc'): Promise<boolean> {
  const entries = await readdir(procDir).catch(() => [])
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue
    // A process may end between the listing and the reading.
    const stat = await readFile(join(procDir, entry, 'stat'), 'utf8').catch(() => '')
    if (!stat.includes(`(${program.slice(0, 15)}) D `)) continue
    const commandLine = await readFile(join(procDir, entry, 'cmdline'), 'utf8').catch(() => '')
    if (commandLine.split('\0').some((word) => word.startsWith(argument))) return true
  }
  return false
}
