import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'

export interface Http2Answer {
  status: number
  headers: Record<string, unknown>
  trailers: Record<string, unknown>
  body: Buffer
}

/** One request on HTTP/2 with prior knowledge. */
export async function requestHttp2(
  url: string,
  headers: OutgoingHttpHeaders,
  body?: Buffer | string,
): Promise<Http2Answer> {
  const session = connect(url)
  session.on('error', () => {})
  try {
    return await requestOn(session, headers, body)
  } finally {
    session.destroy()
  }
}

export function requestOn(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: Buffer | string,
): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers)
    const answer: Http2Answer = { status: 0, headers: {}, trailers: {}, body: Buffer.alloc(0) }
    session.once('error', reject)
    stream.on('error', reject)
    stream.on('response', (received) => {
      answer.headers = received
      answer.status = Number(received[':status'])
    })
    stream.on('trailers', (received) => {
      answer.trailers = received
    })
    stream.on('data', (chunk: Buffer) => {
      answer.body = Buffer.concat([answer.body, chunk])
    })
    stream.on('close', () => resolve(answer))
    stream.end(body)
  })
}
