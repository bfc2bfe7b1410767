import { createHash } from 'node:crypto'
import { HostError } from './host-error.ts'
import { type JsonFile, openJsonFile } from './json-file.ts'

/** A host's public key: its type and the base64 text, as `known_hosts` and `ssh-keyscan` print them. */
export interface HostKey {
  type: string
  base64: string
}

interface Pin extends HostKey {
  /** Where it was first seen; information only. */
  address: string
}

/** Keys pinned at first use, by host identity. */
export interface KnownHosts {
  /** The pinned key, or undefined when this identity has never been met. */
  find(identity: string): Promise<HostKey | undefined>
  /**
   * Pins the key of an identity that has none, and accepts the pinned one.
   * @throws HostError `host-key` when another key is pinned
   */
  accept(identity: string, address: string, key: HostKey): Promise<void>
  /** Forgets an identity: its machine is gone, or its key was changed on purpose. */
  forget(identity: string): Promise<void>
}

/**
 * Pins kept in one file. An identity names a machine, not an address: a cloud gives the address of a dead machine to
 * the next one, and the next one is right to have another key.
 */
export function openKnownHosts(path: string): KnownHosts {
  const file: JsonFile<Record<string, Pin>> = openJsonFile({ path, parse: parsePins, empty: {} })
  return {
    async find(identity) {
      const pin = (await file.read())[identity]
      return pin && { type: pin.type, base64: pin.base64 }
    },
    async accept(identity, address, key) {
      const pinned = (await file.read())[identity]
      if (pinned && sameKey(pinned, key)) return
      await file.update((pins) => {
        const pin = pins[identity]
        if (pin && !sameKey(pin, key)) throw changedKey(identity, address, pin, key, path)
        return { value: { ...pins, [identity]: { type: key.type, base64: key.base64, address } }, result: undefined }
      })
    },
    async forget(identity) {
      await file.update(({ [identity]: _, ...others }) => ({ value: others, result: undefined }))
    },
  }
}

/** Parses an OpenSSH public key line: `ssh-ed25519 AAAA… comment`. @returns undefined when it is none */
export function parseHostKey(line: string): HostKey | undefined {
  const match = /^\s*([a-z0-9@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line)
  if (!match?.[1] || !match[2]) return undefined
  const key = hostKeyFromWire(Buffer.from(match[2], 'base64'))
  return key?.type === match[1] ? key : undefined
}

/** Reads a key in SSH's wire format (RFC 4253, 6.6). @returns undefined when the bytes are none */
export function hostKeyFromWire(bytes: Buffer): HostKey | undefined {
  if (bytes.length < 4) return undefined
  const length = bytes.readUInt32BE(0)
  if (length === 0 || length > bytes.length - 4) return undefined
  return { type: bytes.toString('latin1', 4, 4 + length), base64: bytes.toString('base64') }
}

/** Whether two keys are the same one. */
export function sameKey(a: HostKey, b: HostKey): boolean {
  return a.type === b.type && a.base64 === b.base64
}

/** `SHA256:…`, as OpenSSH shows it. */
export function fingerprint(key: HostKey): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(key.base64, 'base64')).digest('base64').replace(/=+$/, '')}`
}

function changedKey(identity: string, address: string, pinned: HostKey, shown: HostKey, path: string): HostError {
  return new HostError(
    'host-key',
    `${identity} at ${address} shows the ${shown.type} key ${fingerprint(shown)}, ` +
      `but ${pinned.type} ${fingerprint(pinned)} is pinned for it`,
    {
      remedy: `Someone may answer in its place. If its key was changed on purpose, remove "${identity}" from ${path}.`,
    },
  )
}

function parsePins(json: unknown): Record<string, Pin> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error('not an object of pinned keys')
  return Object.fromEntries(Object.entries(json).map(([identity, pin]) => [identity, parsePin(identity, pin)]))
}

function parsePin(identity: string, pin: unknown): Pin {
  if (typeof pin !== 'object' || pin === null) throw new Error(`"${identity}" is not a pinned key`)
  const { type, base64, address } = pin as Record<string, unknown>
  if (typeof type !== 'string' || typeof base64 !== 'string' || typeof address !== 'string') {
    throw new Error(`"${identity}" lacks one of type, base64, address`)
  }
  return { type, base64, address }
}
