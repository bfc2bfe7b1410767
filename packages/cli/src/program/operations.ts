import type { OperationGetOptions } from '../commands/operation/get.ts'
import type { OperationListOptions } from '../commands/operation/list.ts'
import { type Define, examples, watchFlag } from './define.ts'

/** operation list, get, approve, reject, cancel, retry */
export const defineOperationCommands: Define = (parent, act) => {
  const operation = parent
    .command('operation')
    .helpCommand(false)
    .aliases(['op', 'operations'])
    .description('what the control plane is doing: replacements, drains, scaling')

  const list = operation
    .command('list')
    .alias('ls')
    .description('list operations that are not over')
    .option('-a, --all', 'those that are over too')
    .option('--node <node>', 'only operations on this node')
    .option('--pool <name>', 'only operations in this pool')
    .option(...watchFlag)
    .action((options: OperationListOptions) =>
      act(async (context) => (await import('../commands/operation/list.ts')).operationList(context, options)),
    )
  examples(list, 'operation list', 'operation list --all --node gpu-node-003')

  const get = operation
    .command('get <operation>')
    .description('show one operation and its steps')
    .option('-f, --follow', 'show steps as they happen until it is over; status 1 unless it succeeds')
    .option(...watchFlag)
    .action((id: string, options: OperationGetOptions) =>
      act(async (context) => (await import('../commands/operation/get.ts')).operationGet(context, id, options)),
    )
  examples(get, 'operation get 5f2c9e01b7a4', 'operation get 5f2c9e01b7a4 --follow')

  const approve = operation
    .command('approve <operation>')
    .description('let be done what a pool in the mode "recommend" proposes')
    .action((id: string) =>
      act(async (context) => (await import('../commands/operation/decide.ts')).operationApprove(context, id)),
    )
  examples(approve, 'operation approve 5f2c9e01b7a4')

  const reject = operation
    .command('reject <operation>')
    .description('do not let it be done; it is not proposed again for a while')
    .option('--reason <text>', 'why, for those who come after you')
    .action((id: string, options: { reason?: string }) =>
      act(async (context) => (await import('../commands/operation/decide.ts')).operationReject(context, id, options)),
    )
  examples(reject, 'operation reject 5f2c9e01b7a4 --reason "no budget this month"')

  const cancel = operation
    .command('cancel <operation>')
    .description('stop an operation at its next safe point')
    .action((id: string) =>
      act(async (context) => (await import('../commands/operation/change.ts')).operationCancel(context, id)),
    )
  examples(cancel, 'operation cancel 5f2c9e01b7a4')

  const retry = operation
    .command('retry <operation>')
    .description('go on with a failed operation from the step that failed')
    .action((id: string) =>
      act(async (context) => (await import('../commands/operation/change.ts')).operationRetry(context, id)),
    )
  examples(retry, 'operation retry 5f2c9e01b7a4')
}
