import { describe, expect, it } from 'vitest'
import { parseFilter } from './parse-filter.ts'
import { givenViews, loadViews, removeView, saveView } from './saved-views.ts'

function memory(
  content: Record<string, string> = {},
): Pick<Storage, 'getItem' | 'setItem'> & { content: Record<string, string> } {
  return {
    content,
    getItem: (key) => content[key] ?? null,
    setItem: (key, value) => void Object.assign(content, { [key]: value }),
  }
}

describe('saved views', () => {
  it('are kept by name, a later one in place of an earlier', () => {
    const storage = memory()
    saveView(storage, { name: 'b', query: 'q=idle' })
    saveView(storage, { name: 'a', query: 'q=down' })
    saveView(storage, { name: 'b', query: 'q=busy' })
    expect(loadViews(storage)).toEqual([
      { name: 'a', query: 'q=down' },
      { name: 'b', query: 'q=busy' },
    ])
    expect(removeView(storage, 'a')).toEqual([{ name: 'b', query: 'q=busy' }])
  })
  it.each(['{', '3', '[1,{"name":"x"}]', ''])('are none where %s is stored', (text) => {
    expect(loadViews(memory({ 'navarch.views': text }))).toEqual([])
  })
  it('that everybody has can be read', () => {
    for (const { query } of givenViews)
      expect(parseFilter(new URLSearchParams(query).get('q') ?? '').problems).toEqual([])
  })
})
