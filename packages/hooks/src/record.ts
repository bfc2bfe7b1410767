/** Where in Slurm a hook ran: Prolog and Epilog on a node, PrologSlurmctld and EpilogSlurmctld on the controller. */
export const hookEvents = ['prolog', 'epilog', 'prolog_slurmctld', 'epilog_slurmctld'] as const
export type HookEvent = (typeof hookEvents)[number]

/** What a hook left for the agent. */
export interface HookRecord {
  event: HookEvent
  /** Seconds since the epoch; undefined where the hook's shell has no clock: then the file's own time tells. */
  at?: number
  /** The variables that Slurm gave to the hook, as far as the hook keeps them. Bytes that are not UTF-8 are U+FFFD. */
  environment: Readonly<Record<string, string>>
}

/** A record that no hook of ours wrote. */
export class HookRecordError extends Error {
  override name = 'HookRecordError'
  readonly code = 'hook_record'
}

/** Hooks keep some forty variables; whoever sends more is no hook. */
const mostVariables = 1000

/**
 * Reads what a hook writes for the agent: `NAME=value` texts, each closed by a NUL, since no value of the environment holds
 * one. First `NAVARCH_HOOK=1`, `NAVARCH_EVENT=…` and `NAVARCH_AT=…` (may be empty), then the variables, last `END`.
 * @returns `incomplete` for the beginning of a record: whoever writes it may not have finished
 * @throws HookRecordError that names the byte at which the record is wrong
 */
export function parseHookRecord(bytes: Uint8Array): HookRecord | 'incomplete' {
  const [version, event, at, ...rest] = texts(bytes)
  const whole = rest.at(-1)?.text === 'END' && rest.at(-1)?.closed
  const head = [
    checkHead(version, 'NAVARCH_HOOK', (value) => value === '1', '1, the only version of records that is known'),
    checkHead(event, 'NAVARCH_EVENT', isHookEvent, `one of ${hookEvents.join(', ')}`),
    checkHead(
      at,
      'NAVARCH_AT',
      (value) => /^(\d{1,12}([.,]\d{1,9})?)?$/.test(value),
      'seconds since the epoch, or empty',
    ),
  ]
  const environment: Record<string, string> = {}
  for (const [index, { text, start, closed }] of rest.entries()) {
    if (!closed) break
    if (text === 'END') {
      if (index < rest.length - 1) throw new HookRecordError(`byte ${start}: something follows the END`)
      break
    }
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text)
    if (!match) throw new HookRecordError(`byte ${start}: ${quote(text)} is not NAME=value`)
    const [, name = '', value = ''] = match
    if (Object.hasOwn(environment, name)) throw new HookRecordError(`byte ${start}: ${name} comes twice`)
    if (index >= mostVariables) throw new HookRecordError(`byte ${start}: more than ${mostVariables} variables`)
    Object.defineProperty(environment, name, { value, enumerable: true, writable: true, configurable: true })
  }
  if (!whole) return 'incomplete'
  const [, eventValue = '', atValue = ''] = head
  return {
    event: eventValue as HookEvent,
    ...(atValue !== '' && { at: Number(atValue.replace(',', '.')) }),
    environment,
  }
}

/** @returns the value; undefined when it is not there, or not whole, yet */
function checkHead(
  part: Part | undefined,
  name: string,
  fits: (value: string) => boolean,
  expected: string,
): string | undefined {
  if (part === undefined) return undefined
  const { text, start, closed } = part
  const prefix = `${name}=`
  const fine = closed ? text.startsWith(prefix) : prefix.startsWith(text) || text.startsWith(prefix)
  if (!fine) throw new HookRecordError(`byte ${start}: ${quote(text)} where ${prefix}… must be`)
  if (!closed) return undefined
  const value = text.slice(prefix.length)
  if (!fits(value))
    throw new HookRecordError(`byte ${start + prefix.length}: ${name} ${quote(value)} must be ${expected}`)
  return value
}

function isHookEvent(value: string): value is HookEvent {
  return hookEvents.some((event) => event === value)
}

interface Part {
  text: string
  /** Its first byte. */
  start: number
  /** Whether a NUL follows. */
  closed: boolean
}

/** The texts between NULs, and what follows the last one. */
function* texts(bytes: Uint8Array): Generator<Part> {
  // A value may begin with a byte order mark: it is the value's own.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf(0, start)
    const closed = end >= 0
    yield { text: decoder.decode(bytes.subarray(start, closed ? end : bytes.length)), start, closed }
    if (!closed) return
    start = end + 1
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
