import { readFile } from 'node:fs/promises'
import type { RunCommand } from '@navarch/system/run-command'
import { mustRun } from './must-run.ts'

/** Mount points at `path` and below it, the innermost first. Parses `/proc/self/mountinfo`. */
export function mountsBelow(mountinfo: string, path: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => decodeOctal(line.split(' ')[4] ?? ''))
    .filter((point) => point === path || point.startsWith(`${path}/`))
    .reverse()
}

/** Unmounts everything at `path` and below it. Nothing mounted is no error. */
export async function unmountAll(run: RunCommand, path: string): Promise<void> {
  for (const point of mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), path)) {
    const result = await run('umount', [point], { deadlineMs: 10_000 })
    // A process of ours that has just been killed may hold it for another moment.
    if (result.code !== 0) await mustRun(run, 'umount', ['--lazy', point])
  }
}

/** Whether something is mounted at exactly `path`. */
export async function isMounted(path: string): Promise<boolean> {
  return mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), path).includes(path)
}

/** Octal escapes for space, tab, newline and backslash: proc_pid_mountinfo(5). */
function decodeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
