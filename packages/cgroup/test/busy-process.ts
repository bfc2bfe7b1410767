import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Ends a process and waits for its end. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/**
 * A shell that the kernel takes for slurmstepd: by its program's name, and by the title as Slurm writes it. It runs `script`,
 * prints "ready" lines as the script does, and then waits for its input to end.
 */
export async function startStepDaemon(folder: string, title: string, script: string) {
  const program = join(folder, 'slurmstepd')
  await symlink('/bin/sh', program).catch(() => {})
  const child = spawn(program, ['-c', `${script}\nread rest`], { argv0: title, stdio: ['pipe', 'pipe', 'inherit'] })
  return {
    pid: child.pid ?? 0,
    /** Resolves with the next line that the script prints. */
    line: async () => String((await once(child.stdout, 'data'))[0]).trim(),
    [Symbol.asyncDispose]: () => end(child),
  }
}

/** Shell commands that take some tenths of a second of CPU time. */
export const busy = 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'
