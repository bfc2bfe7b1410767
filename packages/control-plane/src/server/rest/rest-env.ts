import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

/** What each request of the REST API carries beside itself. */
export interface RestEnv {
  Bindings: { incoming: IncomingMessage | Http2ServerRequest }
  Variables: {
    /** Who asks. */
    by: string
  }
}
