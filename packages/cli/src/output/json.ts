/** A document as JSON: indented for one answer, on one line where many follow each other. */
export function renderJson(document: unknown, { line = false } = {}): string {
  return `${JSON.stringify(document, undefined, line ? 0 : 2)}\n`
}
