import type { AlertMatcherJson } from '@navarch/api/alerts'

const written = /^([A-Za-z_][\w.-]*)(=~|!~|!=|=)(.*)$/s

/** Reads label=value, with or without quotes around the value. @returns undefined when it is no matcher */
export function parseMatcherText(text: string): AlertMatcherJson | undefined {
  const [, label, op, quoted = ''] = written.exec(text) ?? []
  if (label === undefined || op === undefined) return undefined
  return { label, op: op as AlertMatcherJson['op'], value: /^"(.*)"$/s.exec(quoted)?.[1] ?? quoted }
}

export function matcherText({ label, op, value }: AlertMatcherJson): string {
  return `${label}${op}${/^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value)}`
}
