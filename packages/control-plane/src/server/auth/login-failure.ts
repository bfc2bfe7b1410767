import type { LoginErrorCode } from '@navarch/api/auth'

/** A login by the provider came to nothing. The message is for the log and for the command line. */
export class LoginFailure extends Error {
  override name = 'LoginFailure'
  readonly code: LoginErrorCode
  constructor(code: LoginErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}
