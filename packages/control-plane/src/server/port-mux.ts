import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '@navarch/system/clock'

/** What every HTTP/2 connection with prior knowledge begins with (RFC 9113, section 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Anything that takes over a connection: an HTTP server that does not listen itself. */
export interface ConnectionServer {
  emit(event: 'connection', socket: Socket): boolean
}

export interface PortMux {
  server: Server
  /** Ends every connection now. */
  destroyAll(): void
}

/**
 * One TCP port for HTTP/1.1 and cleartext HTTP/2: the first bytes of a connection say which it is, and it is handed
 * to that server. A connection that does not say within `sniffMs` is ended. Node's own servers do this over TLS alone.
 */
export function createPortMux(options: {
  http1: ConnectionServer
  http2: ConnectionServer
  clock: Clock
  sniffMs: number
  maxConnections: number
}): PortMux {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    sniff(socket, options)
  })
  server.maxConnections = options.maxConnections
  return {
    server,
    destroyAll: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function sniff(
  socket: Socket,
  { http1, http2, clock, sniffMs }: { http1: ConnectionServer; http2: ConnectionServer; clock: Clock; sniffMs: number },
): void {
  let seen: Buffer = Buffer.alloc(0)
  const cancelDeadline = clock.after(sniffMs, () => socket.destroy())
  const onReadable = () => {
    for (let chunk = read(socket); chunk !== undefined; chunk = read(socket)) {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    }
    const protocol = protocolOf(seen)
    if (protocol === undefined) return
    stop()
    socket.unshift(seen)
    const next = protocol === 'http2' ? http2 : http1
    next.emit('connection', socket)
  }
  const destroy = () => socket.destroy()
  const stop = () => {
    cancelDeadline()
    socket.off('readable', onReadable)
    socket.off('end', destroy)
    socket.off('close', stop)
    socket.off('error', destroy)
  }
  socket.on('readable', onReadable)
  socket.on('end', destroy)
  socket.on('close', stop)
  socket.on('error', destroy)
}

function read(socket: Socket): Buffer | undefined {
  const chunk: unknown = socket.read()
  return chunk instanceof Buffer ? chunk : undefined
}

/** Which protocol a connection's first bytes belong to; undefined while it cannot be told. */
export function protocolOf(seen: Buffer): 'http1' | 'http2' | undefined {
  const length = Math.min(seen.length, preface.length)
  if (seen.compare(preface, 0, length, 0, length) !== 0) return 'http1'
  return seen.length >= preface.length ? 'http2' : undefined
}
