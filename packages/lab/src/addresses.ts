/** An IPv4 network: its first address as a number, and the length of its prefix. */
export interface Ipv4Network {
  base: number
  prefix: number
}

/**
 * Parses `10.1.2.3/24`, or a lone address as a network of one. The host bits are cleared.
 * Undefined when it is not IPv4.
 */
export function parseNetwork(text: string): Ipv4Network | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text)
  if (!match) return undefined
  const octets = match.slice(1, 5).map(Number)
  const prefix = match[5] === undefined ? 32 : Number(match[5])
  if (prefix > 32 || octets.some((octet) => octet > 255)) return undefined
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0)
  const size = 2 ** (32 - prefix)
  return { base: Math.floor(address / size) * size, prefix }
}

/** Whether two networks share an address. */
export function overlaps(a: Ipv4Network, b: Ipv4Network): boolean {
  const end = (network: Ipv4Network) => network.base + 2 ** (32 - network.prefix)
  return a.base < end(b) && b.base < end(a)
}

/** The network of lab number `n`: 10.213.n.0/24, far from the networks that most sites and container engines use. */
export function labNetwork(n: number): { cidr: string; bridgeAddress: string } {
  return { cidr: `10.213.${n}.0/24`, bridgeAddress: `10.213.${n}.1` }
}

/**
 * The least lab number whose bridge name is free and whose network overlaps none in use.
 * Undefined when all 256 are taken.
 * @param bridges names of existing network interfaces
 * @param networks addresses and routes of this machine, e.g. `10.0.0.5/8`; what is not IPv4 (`default`) is passed over
 */
export function chooseLabNumber(bridges: ReadonlySet<string>, networks: readonly string[]): number | undefined {
  const taken = networks.flatMap((text) => {
    const network = parseNetwork(text)
    return network && network.prefix > 0 ? [network] : []
  })
  for (let n = 0; n < 256; n++) {
    const wanted = parseNetwork(labNetwork(n).cidr)
    if (!bridges.has(bridgeName(n)) && wanted && !taken.some((network) => overlaps(network, wanted))) return n
  }
  return undefined
}

/** Name of the bridge of lab number `n`. */
export function bridgeName(n: number): string {
  return `nvlab${n}`
}

/**
 * Hardware address of the bridge of lab number `n` (locally administered). A bridge without one of its own takes a port's,
 * and another one's when that host goes: the others then talk to nobody until they ask again, some 15 s later.
 */
export function bridgeMac(n: number): string {
  return `02:6e:76:6c:62:${n.toString(16).padStart(2, '0')}`
}

/** Addresses kept for nodes that have to be known before they come: node 1 has .101, at most 150 of them. */
export const reservedFrom = 101

/** The least free host address of lab number `n`, from .10 to .100; undefined when all are taken. */
export function chooseHostAddress(n: number, taken: ReadonlySet<string>): string | undefined {
  for (let last = 10; last < reservedFrom; last++) {
    const address = `10.213.${n}.${last}`
    if (!taken.has(address)) return address
  }
  return undefined
}
