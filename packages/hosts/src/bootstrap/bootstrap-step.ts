import { renderTemplate, type TemplateValues } from '../template.ts'

/** One thing that is done to a machine, in order. Steps may run twice. */
export type BootstrapStep =
  | {
      kind: 'run'
      name: string
      script: string
      /** Default five minutes. */
      deadlineMs?: number
    }
  | {
      kind: 'write'
      name: string
      path: string
      /** Never logged. */
      content: string | Uint8Array
      mode: number
      /** "user:group"; default root's. */
      owner?: string
    }

/**
 * The configuration's own commands as steps. All are rendered before the first one runs.
 * @throws TemplateError naming the command's number and line
 */
export function commandSteps(commands: readonly string[], values: TemplateValues): BootstrapStep[] {
  return commands.map((command, index) => ({
    kind: 'run',
    name: `command ${index + 1} of ${commands.length}`,
    script: renderTemplate(command, values, `command ${index + 1}`),
  }))
}
