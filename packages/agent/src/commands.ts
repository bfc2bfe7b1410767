import { type NodeCommand, NodeCommandType } from '@navarch/api/control-plane'
import type { Log } from '@navarch/system/log'

export interface CommandOutcome {
  success: boolean
  message: string
}

/** Carries out a command of the control plane. Never throws. */
export type CommandHandler = (command: NodeCommand) => Promise<CommandOutcome>

/** Answers that are kept for a command that comes again because its acknowledgement was lost. */
const remembered = 32

/** What commands have done. */
export interface CommandWork {
  /** One pass of all checks, summed up in a sentence. */
  diagnose(): Promise<CommandOutcome>
  /** Writes lines into a job's output file; undefined: jobs are not followed. */
  noteOutput?: (parameters: Readonly<Record<string, string>>) => Promise<CommandOutcome>
}

export function createCommandHandler(work: CommandWork, log: Log): CommandHandler {
  const outcomes = new Map<string, Promise<CommandOutcome>>()
  return (command) => {
    const known = outcomes.get(command.commandId)
    if (known !== undefined) return known
    log.info('command received', { command_id: command.commandId, type: NodeCommandType[command.type] ?? command.type })
    const outcome = carryOut(command, work).catch((error: unknown) => ({
      success: false,
      message: error instanceof Error ? error.message : String(error),
    }))
    outcomes.set(command.commandId, outcome)
    const [oldest] = outcomes.keys()
    if (outcomes.size > remembered && oldest !== undefined) outcomes.delete(oldest)
    return outcome
  }
}

async function carryOut({ type, parameters }: NodeCommand, work: CommandWork): Promise<CommandOutcome> {
  switch (type) {
    case NodeCommandType.CORDON:
    case NodeCommandType.UNCORDON:
    case NodeCommandType.DRAIN:
      return { success: true, message: 'noted; the scheduler is told by the control plane' }
    case NodeCommandType.RUN_DIAGNOSTIC:
      return work.diagnose()
    case NodeCommandType.NOTE_JOB_OUTPUT:
      return work.noteOutput?.(parameters) ?? { success: false, message: 'this agent follows no jobs' }
    case NodeCommandType.TERMINATE:
      return { success: false, message: 'refused: the agent ends no machine; its provider does' }
    default:
      return { success: false, message: `this agent knows no command of type ${type}` }
  }
}
