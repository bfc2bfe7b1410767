import { createSocket } from 'node:dgram'

/**
 * The address of this machine from which packets to `remote` would leave, by the kernel's routes. Sends nothing.
 * @throws when there is no route
 */
export function localAddressTowards(remote: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(remote.includes(':') ? 'udp6' : 'udp4')
    const finish = (act: () => void) => {
      act()
      socket.close()
    }
    socket.once('error', (error) => finish(() => reject(error)))
    // Its types do not say so: the callback of a connect that failed gets the error.
    socket.connect(9, remote, (...[error]: [Error?]) =>
      finish(() => (error ? reject(error) : resolve(socket.address().address))),
    )
  })
}
