/** The token of an Authorization header; undefined when there is none or it is of another scheme. */
export function bearerToken(header: string | null | undefined): string | undefined {
  return header?.match(/^bearer +(\S+) *$/i)?.[1]
}

/** Whether a token has the form of a signed JWT (RFC 7515, section 3.1). */
export function looksLikeJwt(token: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(token)
}
