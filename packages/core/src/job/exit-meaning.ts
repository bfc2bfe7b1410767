import type { ExitStatus } from './job-event.ts'
import type { Cause, Confidence } from './job-report.ts'

/** What an exit status by itself tells of an end. */
export interface ExitMeaning {
  /** What the job did, after "Job 7": "exited with status 3", "crashed with signal 11 (SIGSEGV)". */
  text: string
  cause: Cause
  confidence: Confidence
  /** A second half of the sentence. */
  hint?: string
  /** The signal that ended it, or a process of it. */
  signal?: number
}

/** Linux on x86-64 and arm64, signal(7). */
const signalNames: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
}

/** Signals that a program raises by its own fault; the others come from somebody. */
const crashes = new Set([3, 4, 5, 6, 7, 8, 11, 13, 31])

/** Statuses of shells and of coreutils' timeout. Sources: POSIX sh 2.8.2, timeout(1). */
const shellStatuses: Readonly<Record<number, string>> = {
  124: 'that is what timeout(1) says when its time is over',
  126: 'that is what a shell says of a command that cannot be executed',
  127: 'that is what a shell says of a command that is not found',
}

/** Whether a number is that of a signal which ends a process; Slurm puts its own errors, such as 53, in the same place. */
export function isSignal(number: number | undefined): boolean {
  return number !== undefined && number in signalNames
}

/** "signal 11 (SIGSEGV)". */
export function signalText(signal: number): string {
  const name = signalNames[signal]
  return `signal ${signal}${name ? ` (${name})` : ''}`
}

/** Reads an exit status that is not 0:0. A shell tells of a child that a signal ended by 128 and the signal's number. */
export function meaningOfExit({ status, signal }: ExitStatus): ExitMeaning {
  if (signal !== 0) return meaningOfSignal(signal)
  const child = status - 128
  if (child in signalNames) {
    const inner = meaningOfSignal(child)
    return { ...inner, text: `exited with status ${status}: a process of it ${inner.text}` }
  }
  const hint = shellStatuses[status]
  return { text: `exited with status ${status}`, cause: 'code', confidence: 'likely', ...(hint && { hint }) }
}

function meaningOfSignal(signal: number): ExitMeaning {
  const name = signalText(signal)
  if (signal === 24 || signal === 25) {
    const what = signal === 24 ? 'CPU time (ulimit -t)' : 'the size of a file (ulimit -f)'
    return { text: `was ended by ${name}`, cause: 'limit', confidence: 'likely', hint: `a limit on ${what}`, signal }
  }
  if (crashes.has(signal)) return { text: `crashed with ${name}`, cause: 'code', confidence: 'likely', signal }
  return { text: `was ended by ${name}`, cause: 'unknown', confidence: 'possible', signal }
}
