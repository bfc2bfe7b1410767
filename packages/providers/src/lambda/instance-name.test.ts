import fc from 'fast-check'
import { expect, it } from 'vitest'
import { instanceName, nodeOfInstanceName } from './instance-name.ts'

const node = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,38}$/)

it('carries the node, and differs between launches', () => {
  fc.assert(
    fc.property(node, fc.string(), fc.string(), (name, one, two) => {
      const text = instanceName({ node: name, token: one })
      expect(text.length).toBeLessThanOrEqual(64)
      expect(nodeOfInstanceName(text)).toBe(name)
      expect(text === instanceName({ node: name, token: two })).toBe(one === two)
    }),
  )
})

it('refuses a node name that leaves no room, with the room there is', () => {
  expect(() => instanceName({ node: 'n'.repeat(40), token: 't' })).toThrow('at most 39 characters')
})

it('takes no foreign instance for ours', () => {
  expect(nodeOfInstanceName('My Instance')).toBeUndefined()
  expect(nodeOfInstanceName('navarch.notes')).toBeUndefined()
})
