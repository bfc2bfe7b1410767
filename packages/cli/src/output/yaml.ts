import { stringify } from 'yaml'

/** A document as YAML, of the same shape as the JSON; `many` separates it from the one before. */
export function renderYaml(document: unknown, { many = false } = {}): string {
  return (many ? '---\n' : '') + stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })
}
