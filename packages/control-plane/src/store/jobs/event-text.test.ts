import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { started } from '../../../test/job-events.ts'
import { eventOfText, textOfEvent } from './event-text.ts'

const host = fc.stringMatching(/^[a-z]{1,3}-?[0-9]{0,4}(-ib)?$/).filter((name) => name !== '')

describe('the text of an event', () => {
  it('names a thousand nodes in a line', () => {
    const nodes = Array.from({ length: 1000 }, (_, index) => `gpu-${String(index).padStart(4, '0')}`)
    const text = textOfEvent(started({}, { nodes }))
    expect(text.length).toBeLessThan(400)
    expect(eventOfText(text)).toEqual(started({}, { nodes }))
  })

  it('gives any names of nodes back in their order', () => {
    const names = fc.oneof(
      fc.array(host, { maxLength: 40 }),
      fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 40 }),
    )
    fc.assert(
      fc.property(names, (nodes) => {
        const event = started({}, { nodes, node: 'n1' })
        expect(eventOfText(textOfEvent(event))).toEqual(event)
      }),
    )
  })
})
