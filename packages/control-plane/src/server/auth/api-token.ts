/** A token as it is handed out: the id finds its record, the secret proves it. */
export interface ApiToken {
  id: string
  secret: string
}

const pattern = /^nvt_([0-9a-z]{8,32})_([A-Za-z0-9_-]{43})$/

/** "nvt_<id>_<secret>": told apart from every other kind, also by those who search for leaked secrets. */
export function formatApiToken({ id, secret }: ApiToken): string {
  return `nvt_${id}_${secret}`
}

/** The parts of a token; undefined when it is of another kind. */
export function parseApiToken(text: string): ApiToken | undefined {
  const [, id, secret] = pattern.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}
