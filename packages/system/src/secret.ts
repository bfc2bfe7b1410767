import { randomBytes } from 'node:crypto'

/** 256 random bits as 43 characters of base64url: nobody guesses one. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}
