import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Code } from '@connectrpc/connect'

/** How a gRPC call ended; `code` undefined means OK. */
export interface GrpcStatus {
  code: Code | undefined
  message: string
}

/** Whether a request is gRPC with protobuf messages. */
export function isGrpcRequest(headers: IncomingHttpHeaders): boolean {
  return /^application\/grpc(\+proto)?(;|$)/.test(headers['content-type'] ?? '')
}

/** Answers a gRPC call with a status alone. */
export function refuseGrpc(stream: ServerHttp2Stream, status: GrpcStatus): void {
  stream.on('error', () => {})
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailersOf(status) }, { endStream: true })
  closeAfterAnswer(stream)
}

/** Headers of a gRPC answer that will stream messages; `finishGrpc` must end it. */
export function beginGrpc(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
}

/** Ends an answer that `beginGrpc` began, and the request with it, whether or not the client is done. */
export function finishGrpc(stream: ServerHttp2Stream, status: GrpcStatus): void {
  if (stream.destroyed || stream.writableEnded) return
  stream.once('wantTrailers', () => {
    stream.sendTrailers(trailersOf(status))
    closeAfterAnswer(stream)
  })
  stream.end()
}

/** A reset overtakes what is not yet written, so it waits a turn; a client that is done itself gets none. */
function closeAfterAnswer(stream: ServerHttp2Stream): void {
  setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR))
}

function trailersOf({ code, message }: GrpcStatus): Record<string, string> {
  if (code === undefined) return { 'grpc-status': '0' }
  return { 'grpc-status': String(code), 'grpc-message': percentEncoded(message) }
}

/** `grpc-message` allows printable ASCII without "%"; all else is percent-encoded UTF-8. */
function percentEncoded(message: string): string {
  return [...Buffer.from(message)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
}
