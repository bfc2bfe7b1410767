/** What `{{.Name}}` in a setup command may name. */
export const templateVariables = ['ControlPlane', 'NodeID', 'Pool', 'Provider', 'Region', 'InstanceType'] as const

const action = /\{\{(?:- )?(.*?)(?: -)?\}\}/gs
const comment = /^\/\*.*\*\/$/s
const literal = /^(?:"[^"\\\n]*"|`[^`]*`)$/

/** Something in double braces that cannot be rendered. */
export interface TemplateProblem {
  /** As written, braces included. */
  text: string
  /** Where it starts. */
  index: number
}

/**
 * Finds each `{{…}}` of a setup command that is none of the six variables, nor a comment or a string literal
 * (`{{"{{"}}`), which Go's text/template knows too; and a `{{` that is never closed.
 */
export function findTemplateProblems(command: string): TemplateProblem[] {
  const problems: TemplateProblem[] = []
  let end = 0
  for (const match of command.matchAll(action)) {
    const source = (match[1] ?? '').trim()
    const known = templateVariables.some((variable) => source === `.${variable}`)
    if (!known && !comment.test(source) && !literal.test(source)) problems.push({ text: match[0], index: match.index })
    end = match.index + match[0].length
  }
  const unclosed = command.indexOf('{{', end)
  if (unclosed >= 0) problems.push({ text: '{{', index: unclosed })
  return problems
}

/** Whether a setup command uses the variable. */
export function usesVariable(command: string, variable: (typeof templateVariables)[number]): boolean {
  return [...command.matchAll(action)].some((match) => (match[1] ?? '').trim() === `.${variable}`)
}
