import { findTemplateProblems, templateVariables } from '../template.ts'
import { list } from './containers.ts'
import { type Schema, showNode } from './schema.ts'

const variableRule = `one of ${templateVariables.map((variable) => `{{.${variable}}}`).join(', ')}`

const command: Schema<string> = {
  rule: 'a shell command',
  read(node, path, reader) {
    if (!reader.visit(node.place, path)) return undefined
    if (node.kind !== 'scalar' || typeof node.value !== 'string' || node.value.trim() === '') {
      reader.error(node.place, path, `must be a shell command, not ${showNode(node)}`)
      return undefined
    }
    if (node.value.includes('\0')) {
      reader.error(node.place, path, 'must not contain a NUL character')
      return undefined
    }
    const problems = findTemplateProblems(node.value)
    const written = findTemplateProblems(node.source)
    problems.forEach(({ text }, index) => {
      // Escapes in a quoted command keep it from being found as it was written; then the command's start must do.
      const found = written[index]?.text === text ? written[index].index : 0
      const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text
      const rule = text === '{{' ? 'is never closed' : `is not a template variable: ${variableRule}`
      reader.error(reader.placeOf(node.offset + found), path, `${shown.replaceAll(/\s+/g, ' ')} ${rule}`)
    })
    return problems.length > 0 ? undefined : node.value
  },
  format: (value) => value,
  jsonSchema: () => ({ type: 'string', minLength: 1 }),
}

/** Shell commands, verbatim; `{{.Name}}` in them is one of the six template variables. */
export function commands(): Schema<string[]> {
  const schema = list(command, 'a list of shell commands')
  return { ...schema, format: (value) => (value.length === 1 ? '1 command' : `${value.length} commands`) }
}
