import { expandHostlist } from '@navarch/slurm/hostlist'
import { SlurmParseError } from '@navarch/slurm/slurm-error'
import { ServiceError } from '../service-error.ts'
import { maxNodes } from './request-schemas.ts'

const hostName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/

/**
 * Host names of a list whose items are names or hostlists, in their order, each once; empty items are left out.
 * @param what names the list in the error
 * @throws ServiceError `invalid` with the item that is neither
 */
export function hostsOfList(items: readonly string[], what: string): string[] {
  const hosts = new Set<string>()
  for (const [index, item] of items.entries()) {
    for (const host of expand(item.trim(), `${what}[${index}]`)) hosts.add(host)
    if (hosts.size > maxNodes) throw new ServiceError('invalid', `${what} names more than ${maxNodes} nodes`)
  }
  return [...hosts]
}

function expand(item: string, what: string): string[] {
  if (item === '' || hostName.test(item)) return item === '' ? [] : [item]
  const wrong = (why: string) =>
    new ServiceError('invalid', `${what} must be a host name or a hostlist such as "n[1-3]", not ${show(item)}${why}`)
  let hosts: string[]
  try {
    hosts = expandHostlist(item, maxNodes)
  } catch (error) {
    if (error instanceof SlurmParseError) throw wrong(`: ${error.message}`)
    throw error
  }
  const odd = hosts.find((host) => !hostName.test(host))
  if (odd !== undefined) throw wrong(`: ${show(odd)} is no host name`)
  return hosts
}

function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text)
}
