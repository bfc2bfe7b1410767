import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAccountShares } from './fair-share.ts'
import { SlurmParseError } from './slurm-error.ts'

/** `sshare -n -P -o Account,User,NormShares,EffectvUsage,FairShare` of 24.11.5 with PriorityFlags=NO_FAIR_TREE. */
const classic = `root||1.000000|1.000000|0.500000
 root|root|0.200000|0.000000|1.000000
 chemistry||0.200000|0.000000|1.000000
  chemistry|root|0.200000|0.000000|1.000000
 physics||0.600000|0.000000|1.000000
  physics|root|0.600000|0.000000|1.000000
`
/** The same of 26.05.5, which knows Fair Tree alone. */
const fairTree = `root||1.000000|1.000000|
 root|root|0.200000|0.000000|1.000000
 physics||0.600000|0.000000|
  physics|root|0.600000|0.000000|0.000000
`

describe('parseAccountShares', () => {
  it('reads accounts, and leaves users out', () => {
    expect(parseAccountShares(classic)).toEqual([
      { account: 'root', normalizedShares: 1, effectiveUsage: 1, fairShare: 0.5 },
      { account: 'chemistry', normalizedShares: 0.2, effectiveUsage: 0, fairShare: 1 },
      { account: 'physics', normalizedShares: 0.6, effectiveUsage: 0, fairShare: 1 },
    ])
  })

  it('takes no factor for no factor, and not for 0', () => {
    expect(parseAccountShares(fairTree)).toEqual([
      { account: 'root', normalizedShares: 1, effectiveUsage: 1 },
      { account: 'physics', normalizedShares: 0.6, effectiveUsage: 0 },
    ])
  })

  it('reads nothing out of nothing, and refuses what is no table of sshare', () => {
    expect(parseAccountShares('')).toEqual([])
    for (const text of ['root|x', 'root||a|b|c', 'root||1|1|1|1'])
      expect(() => parseAccountShares(text)).toThrow(SlurmParseError)
  })

  it('reads any text, or refuses it', () => {
    const cell = fc.oneof(fc.constantFrom('', 'root', ' a', '0.5', 'nan', 'inf', 'parent'), fc.string())
    fc.assert(
      fc.property(fc.array(fc.array(cell, { maxLength: 7 })), (rows) => {
        try {
          for (const row of parseAccountShares(rows.map((cells) => cells.join('|')).join('\n')))
            for (const value of [row.fairShare, row.effectiveUsage, row.normalizedShares])
              expect(value === undefined || Number.isFinite(value)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(SlurmParseError)
        }
      }),
    )
  })
})
