import { describe, expect, it } from 'vitest'
import { localAddressTowards } from './local-address.ts'

describe('the address towards a node', () => {
  it('is loopback for loopback', async () => {
    expect(await localAddressTowards('127.0.0.1')).toBe('127.0.0.1')
  })
  it('fails for what is no address', async () => {
    await expect(localAddressTowards('256.1.1.1')).rejects.toThrow()
  })
})
