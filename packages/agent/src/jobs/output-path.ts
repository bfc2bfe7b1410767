import type { HookEnvironment } from '@navarch/slurm/hook-environment'

/**
 * The output file of a batch job whose path may be a pattern, as newer versions tell it ("/home/a/slurm-%j.out", seen on 24.11).
 * Source: sbatch(1), "filename pattern". A number after the % pads with zeros; a backslash takes all meaning from the rest.
 * @param environment of the job's epilog on its first node
 * @returns undefined when something in it cannot be known here
 */
export function fillOutputPath(pattern: string, environment: HookEnvironment): string | undefined {
  if (pattern.includes('\\')) return pattern.includes('%') ? undefined : pattern
  const job = environment['SLURM_JOB_ID']
  const task = environment['SLURM_ARRAY_TASK_ID']
  const values: Readonly<Record<string, string | undefined>> = {
    j: job,
    A: environment['SLURM_ARRAY_JOB_ID'] || job,
    a: task,
    b: task !== undefined && /^\d+$/.test(task) ? String(Number(task) % 10) : undefined,
    u: environment['SLURM_JOB_USER'],
    x: environment['SLURM_JOB_NAME'],
    N: environment['SLURMD_NODENAME']?.split('.')[0],
    // The script's own: the first node and the first task.
    n: '0',
    t: '0',
  }
  let known = true
  const path = pattern.replace(
    /%(?:%|(\d{0,2})(.?))/g,
    (whole, width: string | undefined, letter: string | undefined) => {
      if (whole === '%%') return '%'
      const value = values[letter ?? '']
      if (!value) known = false
      return (value ?? '').padStart(Math.min(10, Number(width ?? 0)), '0')
    },
  )
  return known ? path : undefined
}
