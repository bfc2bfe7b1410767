/** This machine cannot run what was asked for: a tool, a right or a Debian suite is missing. A reason to skip a test. */
export class LabUnavailableError extends Error {
  override name = 'LabUnavailableError'
  readonly code = 'lab_unavailable'
}

/** The lab should work and did not; the message ends with what the failed tool said. */
export class LabError extends Error {
  override name = 'LabError'
  readonly code = 'lab_failed'
}
