/** Quotes text as one word for a POSIX shell: whatever is in it, the shell sees exactly that text. */
export function shellQuote(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
