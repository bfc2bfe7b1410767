/**
 * A function that blacks secrets out of text before it is stored or shown.
 * @param secrets exact strings; those shorter than four characters are left alone, for they would black out everything
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const longestFirst = [...new Set(secrets.map((secret) => secret.trim()))]
    .filter((secret) => secret.length >= 4)
    .sort((a, b) => b.length - a.length)
  return (text) => longestFirst.reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text)
}
