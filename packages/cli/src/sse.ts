/** One server-sent event. */
export interface ServerEvent {
  id?: string
  data: string
}

/**
 * Splits server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) out of text that comes in
 * pieces of any size. An event that its connection cut short is dropped.
 */
export function createSseParser(): (text: string) => ServerEvent[] {
  let rest = ''
  let id: string | undefined
  let data: string[] = []
  let afterReturn = false

  function line(text: string): ServerEvent | undefined {
    if (text === '') {
      const event = data.length > 0 ? { ...(id !== undefined && { id }), data: data.join('\n') } : undefined
      data = []
      return event
    }
    const colon = text.indexOf(':')
    const field = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    if (field === 'id' && !value.includes('\0')) id = value
    return undefined
  }

  return (text) => {
    // The line feed of a CRLF may come in the next piece.
    const piece = afterReturn && text.startsWith('\n') ? text.slice(1) : text
    if (text !== '') afterReturn = text.endsWith('\r')
    const lines = (rest + piece).split(/\r\n|\r|\n/)
    rest = lines.pop() ?? ''
    return lines.map(line).filter((event) => event !== undefined)
  }
}
