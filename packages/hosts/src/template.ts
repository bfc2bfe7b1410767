/** What a command of the configuration may refer to. Exactly these. */
export const templateVariables = ['ControlPlane', 'NodeID', 'Pool', 'Provider', 'Region', 'InstanceType'] as const
export type TemplateVariable = (typeof templateVariables)[number]
export type TemplateValues = Readonly<Record<TemplateVariable, string>>

/** A command that cannot be rendered. Nothing of it has been run. */
export class TemplateError extends Error {
  override name = 'TemplateError'
  readonly code = 'template'
  /** Line within the command, from 1. */
  readonly line: number
  constructor(message: string, line: number, what: string) {
    super(`${what}, line ${line}: ${message}`)
    this.line = line
  }
}

const action = /\{\{(- (?=\s*\S))?(.*?)( -)?\}\}/gs

/**
 * Renders a command in the subset of Go's text/template that configurations use: `{{.NodeID}}`, trim markers
 * (`{{- .NodeID -}}`), comments (`{{/* … *\/}}`), and string literals (`{{"{{"}}`, for a command that needs braces).
 *
 * Values are substituted as they are, since they also stand inside heredocs where quotes would be text. In return, only
 * values that no shell can misread are accepted.
 * @param what names the text in errors, e.g. "command 2"
 * @throws TemplateError for an unknown variable, any other construct, and a value that is empty or not plain
 */
export function renderTemplate(text: string, values: TemplateValues, what = 'template'): string {
  const fail = (message: string, index: number) => new TemplateError(message, lineAt(text, index), what)
  let rendered = ''
  let from = 0
  let trimNext = false
  const literal = (end: number, trimEnd: boolean) => {
    const part = text.slice(from, end)
    const left = trimNext ? part.trimStart() : part
    rendered += trimEnd ? left.trimEnd() : left
  }
  for (const match of text.matchAll(action)) {
    literal(match.index, match[1] !== undefined)
    rendered += evaluate(match[2]?.trim() ?? '', values, (message) => fail(message, match.index))
    from = match.index + match[0].length
    trimNext = match[3] !== undefined
  }
  const unclosed = text.indexOf('{{', from)
  if (unclosed >= 0) throw fail('"{{" is never closed by "}}"', unclosed)
  literal(text.length, false)
  return rendered
}

function evaluate(source: string, values: TemplateValues, fail: (message: string) => TemplateError): string {
  if (source.startsWith('/*') && source.endsWith('*/')) return ''
  const string = /^(?:"([^"\\\n]*)"|`([^`]*)`)$/.exec(source)
  if (string) return string[1] ?? string[2] ?? ''
  const name = /^\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(source)?.[1]
  if (name === undefined) {
    throw fail(`{{${source}}} is not understood; variables such as {{.NodeID}} are, and {{"{{"}} for two braces`)
  }
  const variable = templateVariables.find((each) => each === name)
  if (variable === undefined) {
    const known = templateVariables.map((each) => `{{.${each}}}`).join(', ')
    throw fail(`unknown variable {{.${name}}}; there are ${known}`)
  }
  const problem = valueProblem(variable, values[variable])
  if (problem) throw fail(`{{.${variable}}} ${problem}`)
  return values[variable]
}

/** Brackets are for IPv6 addresses in URLs, and only there; everywhere else they are a shell's pattern. */
function valueProblem(variable: TemplateVariable, value: string): string | undefined {
  if (value === '') return 'has no value here'
  const plain = variable === 'ControlPlane' ? /^[A-Za-z][A-Za-z0-9._:/%[\]-]*$/ : /^[A-Za-z0-9][A-Za-z0-9._:/@+=,-]*$/
  if (plain.test(value)) return undefined
  return (
    `is ${JSON.stringify(value)}, which a shell could misread; ` +
    'letters, digits and "._:/-" are accepted, starting with a letter or digit'
  )
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
