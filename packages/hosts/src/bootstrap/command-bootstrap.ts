import type { TemplateValues } from '../template.ts'
import { clientConfigSteps } from './agent-steps.ts'
import { type BootstrapStep, commandSteps } from './bootstrap-step.ts'
import { hostNameStep } from './default-bootstrap.ts'
import { checkNodeSetup, type NodeSetup } from './node-setup.ts'

/**
 * A configuration's own commands, after what they rely on: the host name, and the files from which the agent and the
 * command line take the server's address and the token.
 * @throws NodeSetupError, TemplateError
 */
export function commandBootstrapSteps(
  setup: NodeSetup,
  commands: readonly string[],
  values: TemplateValues,
): BootstrapStep[] {
  checkNodeSetup(setup)
  return [hostNameStep(setup), ...clientConfigSteps(setup), ...commandSteps(commands, values)]
}
