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
  /** Ends connections that have not yet said what they are. */
  destroyUndecided(): void
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
  const undecided = new Set<Socket>()
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => {
    sockets.add(socket)
    undecided.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      undecided.delete(socket)
    })
    sniff(socket, options.clock, options.sniffMs, (protocol) => {
      undecided.delete(socket)
      options[protocol].emit('connection', socket)
    })
  })
  server.maxConnections = options.maxConnections
  return {
    server,
    destroyUndecided: () => destroyEach(undecided),
    destroyAll: () => destroyEach(sockets),
  }
}

function destroyEach(sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy()
}

/** Calls back once when the protocol is known, with the bytes that were read put back. */
function sniff(socket: Socket, clock: Clock, sniffMs: number, onProtocol: (protocol: Protocol) => void): void {
  let seen: Buffer = Buffer.alloc(0)
  const destroy = () => socket.destroy()
  const cancelDeadline = clock.after(sniffMs, destroy)
  const onReadable = () => {
    for (let chunk = read(socket); chunk !== undefined; chunk = read(socket)) {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    }
    const protocol = protocolOf(seen)
    if (protocol === undefined) return
    stop()
    socket.unshift(seen)
    onProtocol(protocol)
  }
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

type Protocol = 'http1' | 'http2'

/** Which protocol a connection's first bytes belong to; undefined while it cannot be told. */
export function protocolOf(seen: Buffer): Protocol | undefined {
  const length = Math.min(seen.length, preface.length)
  if (seen.compare(preface, 0, length, 0, length) !== 0) return 'http1'
  return seen.length >= preface.length ? 'http2' : undefined
}
