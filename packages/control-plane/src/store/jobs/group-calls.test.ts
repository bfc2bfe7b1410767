import { describe, expect, it } from 'vitest'
import { groupCalls } from './group-calls.ts'

describe('calls in groups', () => {
  it('share one piece of work when they come together', async () => {
    const groups: string[][] = []
    const call = groupCalls<string, string>(
      10,
      () => 1,
      async (calls) => {
        groups.push([...calls])
        return calls.map((text) => ({ answer: text.toUpperCase() }))
      },
    )
    const first = Promise.all(['a', 'b'].map(call))
    expect(await first).toEqual(['A', 'B'])
    expect(await call('c')).toBe('C')
    expect(groups).toEqual([['a', 'b'], ['c']])
  })

  it('weigh no more than the limit together, but for one that is over it alone', async () => {
    const groups: number[][] = []
    const call = groupCalls<number, number>(
      10,
      (weight) => weight,
      async (calls) => {
        groups.push([...calls])
        return calls.map((answer) => ({ answer }))
      },
    )
    await Promise.all([4, 6, 1, 50, 2].map(call))
    expect(groups).toEqual([[4, 6], [1], [50], [2]])
  })

  it('are tried one by one when they fail together', async () => {
    const call = groupCalls<string, string>(
      10,
      () => 1,
      async (calls) => {
        if (calls.includes('bad')) throw new Error('no')
        return calls.map((answer) => ({ answer }))
      },
    )
    const outcomes = await Promise.allSettled(['a', 'bad', 'b'].map(call))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('fail at once when the failure is everyone’s', async () => {
    let works = 0
    const call = groupCalls<string, string>(
      10,
      () => 1,
      async () => {
        works++
        throw new Error('away')
      },
      () => true,
    )
    const outcomes = await Promise.allSettled(['a', 'b'].map(call))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(works).toBe(1)
  })
})
