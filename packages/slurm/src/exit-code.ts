import { SlurmParseError } from './slurm-error.ts'

/** How a process ended. `signal` is 0 when none ended it. */
export interface ExitCode {
  status: number
  signal: number
  coreDumped: boolean
}

/** Slurm's mark for a job that was killed for its memory (SIG_OOM); its low seven bits are 125. */
const outOfMemory = 253

/**
 * Decodes a raw wait status, as in SLURM_JOB_EXIT_CODE: 256 is exit 1, 9 is SIGKILL, 139 is SIGSEGV with a core.
 * The state of a job cannot be told from it: a timeout, a cancel and a script ended by SIGTERM look alike.
 */
export function decodeWaitStatus(raw: number): ExitCode {
  const signal = raw & 0x7f
  return { status: (raw >> 8) & 0xff, signal, coreDumped: raw !== outOfMemory && signal !== 0 && (raw & 0x80) !== 0 }
}

/**
 * Parses `status:signal` as scontrol, sacct and SLURM_JOB_EXIT_CODE2 print it: "1:0", "0:9".
 * @throws SlurmParseError
 */
export function parseExitCode(text: string): ExitCode {
  const match = /^(\d{1,5}):(\d{1,5})$/.exec(text.trim())
  if (!match) throw new SlurmParseError('not an exit code', text)
  return { status: Number(match[1]), signal: Number(match[2]), coreDumped: false }
}

/**
 * Parses the exit status of `squeue -O exit_code`: a raw wait status in 22.05, `status:signal` since 24.11.
 * @throws SlurmParseError
 */
export function parseSqueueExit(text: string): ExitCode {
  return /^\d{1,6}$/.test(text.trim()) ? decodeWaitStatus(Number(text)) : parseExitCode(text)
}

/** Whether the exit tells that memory ran out (Slurm's own mark, 0:125). */
export function isOutOfMemory(exit: ExitCode): boolean {
  return exit.status === 0 && exit.signal === (outOfMemory & 0x7f)
}

/** Writes `status:signal`. */
export function formatExitCode(exit: ExitCode): string {
  return `${exit.status}:${exit.signal}`
}
