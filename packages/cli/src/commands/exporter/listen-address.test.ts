import { describe, expect, it } from 'vitest'
import { listenAddress } from './listen-address.ts'

describe('listenAddress', () => {
  it.each([
    [':9341', { port: 9341 }],
    ['9341', { port: 9341 }],
    ['0.0.0.0:9341', { host: '0.0.0.0', port: 9341 }],
    ['head-1.example:80', { host: 'head-1.example', port: 80 }],
    ['[::1]:9341', { host: '::1', port: 9341 }],
  ])('reads %s', (text, address) => {
    expect(listenAddress(text)).toEqual(address)
  })

  it.each(['', 'head', ':', ':99999', 'http://head:9341', '::1:9341', 'a b:1'])('refuses %j', (text) => {
    expect(() => listenAddress(text)).toThrow('It must be [HOST]:PORT')
  })
})
