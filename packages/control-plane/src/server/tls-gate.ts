import type { Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import type { ConnectionServer } from './port-mux.ts'
import type { TlsCertificate } from './tls-certificate.ts'

/** Takes over connections that begin a TLS handshake, and hands on what is in them. */
export interface TlsGate extends ConnectionServer {
  close(): void
}

/** Time for a handshake, ms. */
const handshakeMs = 10_000

/**
 * TLS for servers that do not listen themselves. A renewed certificate holds for new connections; those that are open stay.
 * @param http2 absent: HTTP/1.1 alone is spoken
 */
export function createTlsGate(
  certificate: TlsCertificate,
  { http1, http2 }: { http1: ConnectionServer; http2?: ConnectionServer },
): TlsGate {
  const gate = createServer({
    ...certificate.options(),
    ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    handshakeTimeout: handshakeMs,
  })
  gate.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2' && http2) http2.emit('connection', socket)
    else http1.emit('connection', socket)
  })
  // A peer that gives up, or does not trust us, is no event of ours.
  gate.on('tlsClientError', (_error, socket) => socket.destroy())
  const stop = certificate.onChange(() => gate.setSecureContext(certificate.options()))
  return {
    emit: (event: 'connection', socket: Socket) => gate.emit(event, socket),
    close: stop,
  }
}

/** Whether a connection's first byte begins a TLS handshake (RFC 8446, section 5.1). */
export function isTlsHandshake(firstByte: number): boolean {
  return firstByte === 0x16
}

/** What a plain request at a port with TLS is told. */
export function answerPlainRequest(socket: Socket): void {
  const text = 'This port speaks HTTPS: use https:// in place of http:// in the address.\n'
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${text.length}`,
    'Connection: close',
  ]
  socket.on('error', () => {})
  // What is left unread when a connection ends makes the other end lose our answer.
  socket.resume()
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`)
}
