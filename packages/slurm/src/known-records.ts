/** Wraps what reads one record of a round, so that what the round before has read in the same words is not read again. */
export type ReadAgain<T> = (read: (text: string) => T) => (text: string) => T

interface Known<T> {
  text: string
  value: T
}

/**
 * Remembers the records of the last round by their text: most of a cluster is the same from one look to the next. Values are
 * shared by rounds, so nobody may change one; `read` must depend on the text alone.
 */
export function rememberRecords<T>(): ReadAgain<T> {
  let last = new Map<string, Known<T>>()
  return (read) => {
    const before = last
    const now = new Map<string, Known<T>>()
    last = now
    return (text) => {
      const known = before.get(text) ?? readOnce(text, read)
      now.set(known.text, known)
      return known.value
    }
  }
}

function readOnce<T>(text: string, read: (text: string) => T): Known<T> {
  // A part of a string keeps the whole of it in memory: what is remembered must not hold all that a command once printed.
  const own: string = JSON.parse(JSON.stringify(text))
  return { text: own, value: read(own) }
}
