import { createConnection, type Socket } from 'node:net'

/** Clients that connect to a server and never ask. */
export interface IdleConnections {
  /** Ends them all. */
  end(): void
}

/** Keeps so many connections open: one that the server ends is opened again. */
export function holdConnections(port: number, count: number): IdleConnections {
  const sockets = new Set<Socket>()
  let ended = false
  const open = () => {
    const socket = createConnection(port, '127.0.0.1')
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      setTimeout(() => ended || open(), 50)
    })
    socket.resume()
  }
  for (let index = 0; index < count; index++) open()
  return {
    end() {
      ended = true
      for (const socket of sockets) socket.destroy()
    },
  }
}
