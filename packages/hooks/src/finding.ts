/** What a check found. `unknown`: it could not be looked at, which is no fault. */
export interface Finding {
  /** What was looked at, in few words. */
  check: string
  state: 'ok' | 'warning' | 'broken' | 'unknown'
  /** What is, with file, line and value. */
  text: string
  /** What to do; there whenever the state is not `ok`. */
  remedy?: string
}

/** A check's findings under its name. */
export function findings(check: string): {
  ok: (text: string) => Finding
  warning: (text: string, remedy: string) => Finding
  broken: (text: string, remedy: string) => Finding
  unknown: (text: string, remedy: string) => Finding
} {
  return {
    ok: (text) => ({ check, state: 'ok', text }),
    warning: (text, remedy) => ({ check, state: 'warning', text, remedy }),
    broken: (text, remedy) => ({ check, state: 'broken', text, remedy }),
    unknown: (text, remedy) => ({ check, state: 'unknown', text, remedy }),
  }
}
