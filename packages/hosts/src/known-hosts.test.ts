import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fingerprint, type HostKey, hostKeyFromWire, openKnownHosts, parseHostKey } from './known-hosts.ts'

const first = parse('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICN+lJwsONkwrdsSnQsu1ydUkIuIg5oOC+Eslvmtt60T host')
const second = parse('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f')

function parse(line: string): HostKey {
  const key = parseHostKey(line)
  if (!key) throw new Error(`not a key: ${line}`)
  return key
}

let dir: string
let path: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'known-hosts-'))
  path = join(dir, 'data', 'known-hosts.json')
})
afterEach(() => rm(dir, { recursive: true }))

describe('openKnownHosts', () => {
  it('pins the first key, accepts it again, and finds it after a restart', async () => {
    await openKnownHosts(path).accept('rack/a', '10.0.0.1', first)
    const later = openKnownHosts(path)
    await later.accept('rack/a', '10.0.0.1', first)
    expect(await later.find('rack/a')).toEqual(first)
  })

  it('refuses a changed key, names both and the remedy, and keeps the pin', async () => {
    const hosts = openKnownHosts(path)
    await hosts.accept('rack/a', '10.0.0.1', first)
    await expect(hosts.accept('rack/a', '10.0.0.1', second)).rejects.toMatchObject({
      code: 'host-key',
      message: expect.stringContaining(fingerprint(first)),
      remedy: expect.stringContaining('remove "rack/a" from'),
    })
    expect(await hosts.find('rack/a')).toEqual(first)
  })

  it('takes a new machine at the address of a dead one for what it is', async () => {
    const hosts = openKnownHosts(path)
    await hosts.accept('cloud/i-1', '10.0.0.1', first)
    await hosts.accept('cloud/i-2', '10.0.0.1', second)
    expect(await hosts.find('cloud/i-2')).toEqual(second)
  })

  it('pins anew after an identity was forgotten', async () => {
    const hosts = openKnownHosts(path)
    await hosts.accept('rack/a', '10.0.0.1', first)
    await hosts.forget('rack/a')
    await hosts.accept('rack/a', '10.0.0.1', second)
    expect(await hosts.find('rack/a')).toEqual(second)
  })

  it('loses no pin when many hosts are met at once, and leaves one private file', async () => {
    const hosts = openKnownHosts(path)
    await Promise.all(Array.from({ length: 30 }, (_, n) => hosts.accept(`rack/${n}`, `10.0.0.${n}`, first)))
    expect(Object.keys(JSON.parse(await readFile(path, 'utf8')))).toHaveLength(30)
    expect(await readdir(join(dir, 'data'))).toEqual(['known-hosts.json'])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('names the file and the remedy when the file is damaged, and does not overwrite it', async () => {
    await openKnownHosts(path).accept('rack/a', '10.0.0.1', first)
    await writeFile(path, '{"rack/a": 1}')
    await expect(openKnownHosts(path).accept('rack/b', '10.0.0.2', first)).rejects.toThrow(
      `${path}: "rack/a" is not a pinned key; restore it`,
    )
    expect(await readFile(path, 'utf8')).toBe('{"rack/a": 1}')
  })
})

describe('parseHostKey', () => {
  it('shows the fingerprint that ssh-keygen -l shows', () => {
    expect(fingerprint(first)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
  })

  it('refuses a line whose type is not the type of the key', () => {
    expect(parseHostKey(`ssh-rsa ${first.base64}`)).toBeUndefined()
  })

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.string(), (text) => parseHostKey(text) === undefined || text.length > 8))
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void hostKeyFromWire(Buffer.from(bytes))))
  })
})
