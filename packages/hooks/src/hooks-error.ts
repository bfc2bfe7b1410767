/** What stands in the way of a change to a site's configuration: file, line, value and remedy. Nothing was changed. */
export class HooksError extends Error {
  override name = 'HooksError'
  readonly code = 'hooks'
  readonly remedy: string
  constructor(message: string, remedy: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.remedy = remedy
  }
}
