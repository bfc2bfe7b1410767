/** The server cannot start; the message names the address and the remedy. */
export class ServerStartError extends Error {
  override name = 'ServerStartError'
  readonly code: 'address_in_use' | 'address_not_available' | 'no_permission' | 'failed'
  constructor(code: ServerStartError['code'], message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}

/**
 * Puts an error of `listen` into words.
 * @param address as the user wrote it, "HOST:PORT"
 * @param setting what chooses the address
 */
export function startErrorOf(error: NodeJS.ErrnoException, address: string, setting: string): ServerStartError {
  switch (error.code) {
    case 'EADDRINUSE': {
      const message = `cannot listen on ${address}: another program has this port; end it, or choose another with ${setting}`
      return new ServerStartError('address_in_use', message, { cause: error })
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND': {
      const message = `cannot listen on ${address}: this machine has no such address; choose one of its own with ${setting}, or 0.0.0.0 for all`
      return new ServerStartError('address_not_available', message, { cause: error })
    }
    case 'EACCES': {
      const message = `cannot listen on ${address}: this user may not use the port; choose one above 1023 with ${setting}`
      return new ServerStartError('no_permission', message, { cause: error })
    }
    default:
      return new ServerStartError('failed', `cannot listen on ${address}: ${error.message}`, { cause: error })
  }
}
