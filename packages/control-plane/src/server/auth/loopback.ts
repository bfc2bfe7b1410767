import { BlockList, isIPv4, isIPv6 } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/** Whether an IP address is the machine itself: 127.0.0.0/8, ::1, or the former mapped into IPv6. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false
  if (isIPv4(address)) return loopback.check(address)
  return isIPv6(address) && loopback.check(address, 'ipv6')
}
