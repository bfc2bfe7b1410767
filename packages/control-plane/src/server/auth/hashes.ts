import { createHash, timingSafeEqual } from 'node:crypto'

/** SHA-256 as hexadecimal digits. Secrets here have 256 random bits, or are compared whole, so nothing slower is needed. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Compares two hashes, so that the time taken tells nothing. */
export function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
