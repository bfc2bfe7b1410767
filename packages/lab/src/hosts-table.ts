const begin = '# navarch lab: begin'
const end = '# navarch lab: end'

/**
 * The text of an `/etc/hosts` in which the lab's own block names these hosts; lines outside of the block are kept.
 * @param entries address by host name
 */
export function writeHostsTable(current: string, entries: ReadonlyMap<string, string>): string {
  const lines = current.split('\n')
  const from = lines.indexOf(begin)
  const to = lines.indexOf(end)
  const others = from >= 0 && to > from ? [...lines.slice(0, from), ...lines.slice(to + 1)] : lines
  const kept = others.join('\n').trim() || '127.0.0.1 localhost\n::1 localhost ip6-localhost'
  const names = [...entries].map(([name, address]) => `${address} ${name}`)
  return `${[kept, begin, ...names, end].join('\n')}\n`
}
