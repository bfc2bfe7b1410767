import { StringDecoder } from 'node:string_decoder'

/** Output of a command as it arrives, of which the beginning and the end are kept. */
export interface CappedOutput {
  add(chunk: Buffer): void
  /** Everything, or the head and the tail with a line between them that says how many bytes are missing. */
  text(): string
}

/**
 * Keeps at most `limit` bytes of a stream: half from its beginning (what was asked), half from its end (what went
 * wrong). Memory stays below twice the limit however much a command prints.
 */
export function createCappedOutput(limit: number): CappedOutput {
  const half = Math.floor(limit / 2)
  const head: Buffer[] = []
  let headBytes = 0
  let tail = Buffer.alloc(0)
  let total = 0
  return {
    add(chunk) {
      total += chunk.length
      const first = chunk.subarray(0, half - headBytes)
      if (first.length > 0) {
        head.push(first)
        headBytes += first.length
      }
      const rest = chunk.subarray(first.length)
      if (rest.length > 0) tail = Buffer.concat([tail, rest]).subarray(-half)
    },
    text() {
      const missing = total - headBytes - tail.length
      if (missing === 0) return Buffer.concat([...head, tail]).toString('utf8')
      return `${wholeStart(Buffer.concat(head))}\n[… ${missing} bytes left out …]\n${wholeEnd(tail)}`
    },
  }
}

/** Decodes all but a character that the cut left incomplete. */
function wholeStart(bytes: Buffer): string {
  return new StringDecoder('utf8').write(bytes)
}

/** Decodes from the first byte that begins a character. */
function wholeEnd(bytes: Buffer): string {
  let start = 0
  while (start < 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++
  return bytes.toString('utf8', start)
}
