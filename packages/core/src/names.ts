const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** What a pool, provider or node may be called, for error messages. */
export const nameRule = 'letters, digits, ".", "_" and "-", starting with a letter or digit, at most 63 characters'

/**
 * Whether a pool, provider or node may have this name. Names reach shells, file paths and Slurm's configuration,
 * so nothing outside this alphabet is ever accepted.
 */
export function isName(text: string): boolean {
  return namePattern.test(text)
}
