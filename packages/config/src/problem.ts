/** A position in the file; both count from 1. */
export interface Place {
  line: number
  column: number
}

/** Something wrong with the file, or worth knowing, and where. */
export interface Problem extends Place {
  /** The file's name as the caller gave it. */
  file: string
  /** Path of the key, e.g. "pools[0].scaling.min_nodes"; empty for the file as a whole. */
  key: string
  /** What is wrong and what is allowed. */
  message: string
}

/** Stops the start. */
export type ConfigError = Problem

/** Does not stop the start: accepted and not active yet, or surely not what was meant. */
export type ConfigWarning = Problem

/** Formats a problem as `FILE:LINE:COLUMN: key.path: message`. */
export function formatProblem(problem: Problem): string {
  const key = problem.key === '' ? '' : `${problem.key}: `
  return `${problem.file}:${problem.line}:${problem.column}: ${key}${problem.message}`
}

/** The warning for what is accepted and does nothing yet. */
export function inactiveMessage(note: string): string {
  return `accepted, not active yet: ${note}`
}

/**
 * Problems in the order of the file, each once: a value that aliases repeat is wrong in one place.
 */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Map<string, Problem>()
  for (const problem of problems) {
    const id = `${problem.line}:${problem.column}:${problem.message}`
    if (!seen.has(id)) seen.set(id, problem)
  }
  return [...seen.values()].sort((a, b) => a.line - b.line || a.column - b.column)
}
