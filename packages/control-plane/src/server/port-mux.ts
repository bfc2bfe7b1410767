import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '@navarch/system/clock'
import { answerPlainRequest, isTlsHandshake } from './tls-gate.ts'

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

/** Where connections go, by what their first bytes say. */
export interface MuxTargets {
  http1: ConnectionServer
  /** Absent: cleartext HTTP/2 is not told apart. */
  http2?: ConnectionServer
  /** With it every connection must be encrypted; one that is not is told so. */
  tls?: ConnectionServer
}

/**
 * One TCP port for HTTP/1.1 and cleartext HTTP/2: the first bytes of a connection say which it is, and it is handed
 * to that server. A connection that does not say within `sniffMs` is ended. Node's own servers do this over TLS alone.
 */
export function createPortMux(
  options: MuxTargets & {
    clock: Clock
    sniffMs: number
    maxConnections: number
  },
): PortMux {
  const sockets = new Set<Socket>()
  const undecided = new Set<Socket>()
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => {
    sockets.add(socket)
    undecided.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      undecided.delete(socket)
    })
    const tell = options.tls ? encryptionOf : protocolOf
    sniff(socket, options.clock, options.sniffMs, tell, (protocol) => {
      undecided.delete(socket)
      if (protocol === 'plain') answerPlainRequest(socket)
      else (options[protocol] ?? options.http1).emit('connection', socket)
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
function sniff<P>(
  socket: Socket,
  clock: Clock,
  sniffMs: number,
  tell: (seen: Buffer) => P | undefined,
  onProtocol: (protocol: P) => void,
): void {
  let seen: Buffer = Buffer.alloc(0)
  const destroy = () => socket.destroy()
  const cancelDeadline = clock.after(sniffMs, destroy)
  const onReadable = () => {
    for (let chunk = read(socket); chunk !== undefined; chunk = read(socket)) {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    }
    const protocol = tell(seen)
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

/** Whether a connection to a port with TLS begins as it must; undefined while it cannot be told. */
function encryptionOf(seen: Buffer): 'tls' | 'plain' | undefined {
  const [first] = seen
  if (first === undefined) return undefined
  return isTlsHandshake(first) ? 'tls' : 'plain'
}
