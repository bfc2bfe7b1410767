import { createSocket } from 'node:dgram'

/**
 * The address of this machine from which packets to `remote` would leave, by the kernel's routes. Sends nothing.
 * @throws when there is no route
 */
export function localAddressTowards(remote: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(remote.includes(':') ? 'udp6' : 'udp4')
    socket.once('error', (error) => {
      socket.close()
      reject(error)
    })
    socket.connect(9, remote, () => {
      const { address } = socket.address()
      socket.close()
      resolve(address)
    })
  })
}
