import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSseParser } from './sse.ts'

describe('server-sent events', () => {
  it('have their id and data, and comments are none', () => {
    const parse = createSseParser()
    expect(parse(': keep-alive\n\nid: 7\ndata: {"a":1}\n\ndata: x\ndata:y\n\n')).toEqual([
      { id: '7', data: '{"a":1}' },
      { id: '7', data: 'x\ny' },
    ])
  })

  it('that their connection cut short are dropped', () => {
    expect(createSseParser()('id: 1\ndata: whole\n\nid: 2\ndata: ha')).toEqual([{ id: '1', data: 'whole' }])
  })

  it('come out the same however the text is cut into pieces, with every kind of line end', () => {
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
    const texts = fc.array(fc.stringMatching(/^[a-z {}":]{1,12}$/), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(texts, lineEnd, fc.array(fc.nat(40)), (data, end, cuts) => {
        const text = data.map((value, index) => `id: ${index}${end}data: ${value}${end}${end}`).join('')
        const parse = createSseParser()
        const events = []
        let rest = text
        for (const cut of cuts) {
          events.push(...parse(rest.slice(0, cut)))
          rest = rest.slice(cut)
        }
        events.push(...parse(rest))
        expect(events).toEqual(data.map((value, index) => ({ id: String(index), data: value })))
      }),
    )
  })
})
