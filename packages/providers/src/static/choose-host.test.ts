import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chooseHost } from './choose-host.ts'
import type { Claim } from './claim.ts'

const claim = (host: string): Claim => ({
  host,
  token: `t-${host}`,
  node: `node-of-${host}`,
  pool: 'gpu',
  region: '',
  zone: '',
  instanceType: '',
  claimedAt: 0,
})

it('takes the first free host in the order of the configuration', () => {
  expect(chooseHost(['a', 'b', 'c'], [claim('a')], { node: 'gpu-001', exclude: [] })).toEqual({ host: 'b' })
})

it('gives a node the host of its own name, while that one is to be had', () => {
  expect(chooseHost(['a', 'b', 'c'], [], { node: 'b', exclude: [] })).toEqual({ host: 'b' })
  expect(chooseHost(['a', 'b', 'c'], [], { node: 'b', exclude: ['b#t-7'] })).toEqual({ host: 'a' })
  expect(chooseHost(['a', 'b', 'c'], [claim('b')], { node: 'b', exclude: [] })).toEqual({ host: 'a' })
})

it('says of each host why it cannot be had', () => {
  expect(chooseHost(['a', 'b'], [claim('a')], { node: 'b', exclude: ['b#t-7'] })).toEqual({
    why: 'a is node-of-a, b is excluded as faulty',
  })
  expect(chooseHost([], [], { node: 'a', exclude: [] })).toEqual({ why: 'it has no hosts' })
})

it('never hands out a host that is used or excluded, and always one that is neither', () => {
  const hosts = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'))
  fc.assert(
    fc.property(hosts, hosts, hosts, fc.constantFrom('a', 'b', 'gpu-001'), (all, used, exclude, node) => {
      const choice = chooseHost(all, used.map(claim), { node, exclude })
      const free = all.filter((host) => !used.includes(host) && !exclude.includes(host))
      if ('host' in choice) expect(free).toContain(choice.host)
      else expect(free).toEqual([])
    }),
  )
})
