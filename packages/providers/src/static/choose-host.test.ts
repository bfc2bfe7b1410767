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
  expect(chooseHost(['a', 'b', 'c'], [claim('a')], [])).toEqual({ host: 'b' })
})

it('says of each host why it cannot be had', () => {
  expect(chooseHost(['a', 'b'], [claim('a')], ['b#t-7'])).toEqual({ why: 'a is node-of-a, b is excluded as faulty' })
  expect(chooseHost([], [], [])).toEqual({ why: 'it has no hosts' })
})

it('never hands out a host that is used or excluded, and always one that is neither', () => {
  const hosts = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'))
  fc.assert(
    fc.property(hosts, hosts, hosts, (all, used, excluded) => {
      const choice = chooseHost(all, used.map(claim), excluded)
      const free = all.filter((host) => !used.includes(host) && !excluded.includes(host))
      if ('host' in choice) expect(free).toContain(choice.host)
      else expect(free).toEqual([])
    }),
  )
})
