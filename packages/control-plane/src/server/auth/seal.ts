import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Clock } from '@navarch/system/clock'

/**
 * Has others keep for us what is under way: they can neither read nor change it, and it is good for a time. So nobody can
 * make us forget what another has begun. A restart ends what is under way, since the key is the process's own.
 */
export interface Seal<T> {
  /** The value as base64url. */
  close(value: T, lifetimeMs: number): string
  /** The value again; undefined for anything that was not closed here, or is over. */
  open(text: string): T | undefined
}

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/** @param newSecret 256 random bits as base64url */
export function createSeal<T>({ clock, newSecret }: { clock: Clock; newSecret: () => string }): Seal<T> {
  const random = (bytes: number) => Buffer.from(newSecret(), 'base64url').subarray(0, bytes)
  const key = random(32)
  return {
    close(value, lifetimeMs) {
      const iv = random(ivBytes)
      const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes })
      const content = JSON.stringify({ value, until: clock.now() + lifetimeMs })
      const closed = Buffer.concat([cipher.update(content, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), closed]).toString('base64url')
    },
    open(text) {
      const bytes = Buffer.from(text, 'base64url')
      if (bytes.length <= ivBytes + tagBytes) return undefined
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
      decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
      let content: string
      try {
        content = `${decipher.update(bytes.subarray(ivBytes + tagBytes), undefined, 'utf8')}${decipher.final('utf8')}`
      } catch {
        return undefined
      }
      // What opens was closed here: it has this form.
      const { value, until } = JSON.parse(content) as { value: T; until: number }
      return clock.now() < until ? value : undefined
    },
  }
}
