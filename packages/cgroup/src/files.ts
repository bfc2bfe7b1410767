/** A file of a control group or of /proc that is not what the kernel writes. Nothing was taken from it. */
export class CgroupFileError extends Error {
  override name = 'CgroupFileError'
  readonly code = 'cgroup_file'
}

function refuse(file: string, line: number, value: string, expected: string): never {
  const shown = value.length > 80 ? `${value.slice(0, 80)}…` : value
  throw new CgroupFileError(
    `${file}:${line}: ${JSON.stringify(shown)} is not ${expected}; the reading is left out. Is another file mounted over it?`,
  )
}

/** A whole number as the kernel prints it: up to 2^64 - 1, of which JavaScript keeps the first 53 bits. */
const wholeNumber = /^\d{1,20}$/

function numberIn(text: string, file: string, line: number): number {
  if (!wholeNumber.test(text)) refuse(file, line, text, 'a whole number')
  return Number(text)
}

/** The lines of a file, each of which ends with a line feed; a last one without has been cut short. */
function linesOf(text: string, file: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  const rest = lines.pop()
  if (rest !== '') refuse(file, lines.length + 1, rest ?? '', 'a whole line')
  return lines
}

/**
 * A file of one number, such as memory.current.
 * @returns undefined for "max": there is no limit
 * @throws CgroupFileError
 */
export function parseNumber(text: string, file: string): number | undefined {
  const [line, ...more] = linesOf(text, file)
  if (line === undefined || more.length > 0) refuse(file, 1, text, 'one line')
  return line === 'max' ? undefined : numberIn(line, file, 1)
}

/**
 * A file of names and numbers, such as cpu.stat or memory.events ("flat keyed").
 * Source: Linux, Documentation/admin-guide/cgroup-v2.rst, "Format".
 * @throws CgroupFileError
 */
export function parseKeyed(text: string, file: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>()
  for (const [at, line] of linesOf(text, file).entries()) {
    const space = line.indexOf(' ')
    const name = line.slice(0, Math.max(0, space))
    if (!/^[\w.:()]+$/.test(name)) refuse(file, at + 1, line, 'a name and a number')
    values.set(name, numberIn(line.slice(space + 1), file, at + 1))
  }
  return values
}

/** Seconds in which some, or all, tasks waited. */
export interface Pressure {
  someSeconds?: number
  fullSeconds?: number
}

/**
 * A pressure file (PSI). Source: Linux, Documentation/accounting/psi.rst; `total` is in microseconds.
 * @throws CgroupFileError
 */
export function parsePressure(text: string, file: string): Pressure {
  const pressure: Pressure = {}
  for (const [at, line] of linesOf(text, file).entries()) {
    const match = /^(some|full) avg10=[\d.]+ avg60=[\d.]+ avg300=[\d.]+ total=(\d{1,20})$/.exec(line)
    if (!match) refuse(file, at + 1, line, 'a line of pressure ("some avg10=0.00 … total=0")')
    pressure[match[1] === 'some' ? 'someSeconds' : 'fullSeconds'] = Number(match[2]) / 1e6
  }
  return pressure
}

/**
 * io.stat: bytes of all block devices. A device without values, and several devices on one line (kernels up to 5.17),
 * are as the kernel prints them.
 * @throws CgroupFileError
 */
export function parseIoStat(text: string, file: string): { readBytes: number; writeBytes: number } {
  const total = { readBytes: 0, writeBytes: 0 }
  for (const [at, line] of linesOf(text, file).entries()) {
    const match = /^\d+:\d+(?: \d+:\d+)*((?: [\w.]+=[\w.:-]+)*) ?$/.exec(line)
    if (!match) refuse(file, at + 1, line, 'a device and its values ("8:0 rbytes=…")')
    for (const word of (match[1] ?? '').split(' ')) {
      const [name, value = ''] = word.split('=')
      if (name === 'rbytes') total.readBytes += numberIn(value, file, at + 1)
      if (name === 'wbytes') total.writeBytes += numberIn(value, file, at + 1)
    }
  }
  return total
}

/**
 * blkio.throttle.io_service_bytes_recursive of cgroup v1: "8:0 Read 4096" for each device and way, and "Total 4096".
 * @throws CgroupFileError
 */
export function parseBlkio(text: string, file: string): { readBytes: number; writeBytes: number } {
  const total = { readBytes: 0, writeBytes: 0 }
  for (const [at, line] of linesOf(text, file).entries()) {
    const match = /^(?:\d+:\d+ )?(Read|Write|Sync|Async|Discard|Total) (\d{1,20})$/.exec(line)
    if (!match) refuse(file, at + 1, line, 'a device, a way and a number ("8:0 Read 4096")')
    if (match[1] === 'Read') total.readBytes += Number(match[2])
    if (match[1] === 'Write') total.writeBytes += Number(match[2])
  }
  return total
}

/**
 * How many CPUs a list such as "0-3,8" has.
 * @returns undefined for an empty list: the cpuset was never set
 * @throws CgroupFileError
 */
export function countCpus(text: string, file: string): number | undefined {
  const [line, ...more] = linesOf(text, file)
  if (line === undefined || more.length > 0) refuse(file, 1, text, 'one line')
  if (line === '') return undefined
  let count = 0
  for (const range of line.split(',')) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range)
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
    if (!match || last < first) refuse(file, 1, line, 'a list of CPUs ("0-3,8")')
    count += last - first + 1
  }
  return count
}

/**
 * Process ids of cgroup.procs. 0 is a process of another PID namespace.
 * @throws CgroupFileError
 */
export function parseProcs(text: string, file: string): number[] {
  return linesOf(text, file).map((line, at) => numberIn(line, file, at + 1))
}
