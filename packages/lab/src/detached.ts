import { mkdir, writeFile } from 'node:fs/promises'
import type { RunCommand } from '@navarch/system/run-command'
import { mustRun } from './must-run.ts'

/**
 * Starts a program in a control group of its own, detached from this process: it lives on when this process ends,
 * and is found and ended by its group. On return it is in its group; nothing but its log tells how it fares.
 */
export async function startDetached(
  run: RunCommand,
  options: { cgroup: string; log: string; command: readonly string[]; env?: Record<string, string> },
): Promise<void> {
  await mkdir(options.cgroup, { recursive: true })
  await writeFile(options.log, '')
  const script = 'echo $$ >"$1/cgroup.procs" && exec >>"$2" 2>&1 </dev/null && shift 2 && exec setsid --fork "$@"'
  const args = ['-c', script, 'sh', options.cgroup, options.log, ...options.command]
  await mustRun(run, 'sh', args, { env: options.env ?? {} })
}
