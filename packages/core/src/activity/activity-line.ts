/** An event of the fleet's history, as far as telling needs it. */
export interface ToldEvent {
  seq: number
  /** ms since the epoch. */
  at: number
  type: string
  pool: string
  node: string
  operation: string
  message: string
}

export type ActivityKind =
  | 'fault'
  | 'drain'
  | 'return'
  | 'replacement'
  | 'scaling'
  | 'person'
  | 'alert'
  | 'slurm'
  | 'other'
export type Severity = 'info' | 'warning' | 'critical'

/** What one event is worth telling. */
export interface ActivityLine {
  kind: ActivityKind
  severity: Severity
  /** What happened, fit to stand before "on gpu-1" or "on 3 nodes"; alike things have the same. */
  what: string
  /** The same with its place and details, for a single one. It tells the past: what is may be otherwise by now. */
  text: string
  /** The same of several nodes, such as "3 nodes of rack r7"; `what` on them by default. */
  many?: (nodes: string) => string
}

/** Graver findings than these are told as critical: the gravest that XIDs of this kind ask for. */
const gone = /fallen off the bus|GPU is lost|stuck|row remap|uncorrectable/i

/** What an event is worth telling; undefined for the many that say what others say already. */
export function activityLine(event: ToldEvent): ActivityLine | undefined {
  const { message, node, pool } = event
  const on = node ? ` on ${node}` : ''
  switch (event.type) {
    case 'finding': {
      const what = message
      return { kind: 'fault', severity: gone.test(message) ? 'critical' : 'warning', what, text: `${what}${on}` }
    }
    case 'node-status':
      return statusLine(event)
    case 'node-health':
      return message.startsWith('unknown: no heartbeat')
        ? { kind: 'fault', severity: 'warning', what: 'silent agent', text: `${node} fell silent: ${message.slice(9)}` }
        : undefined
    case 'operation':
      return operationLine(event)
    case 'operation-step':
      return stepLine(event)
    case 'pool-size':
      return message.startsWith('size:')
        ? { kind: 'person', severity: 'info', what: message.slice(6), text: `${pool}: ${message.slice(6)}` }
        : {
            kind: 'scaling',
            severity: 'info',
            what: message.split(':')[0] ?? message,
            text: `${pool} began ${message}`,
          }
    case 'command':
      return { kind: 'person', severity: 'info', what: 'command', text: `${node}: ${message}` }
    case 'alert':
      return {
        kind: 'alert',
        severity: /^[^:]* is over/.test(message) ? 'info' : 'warning',
        what: message.split(':')[0] ?? message,
        text: message,
      }
    case 'observed':
      return { kind: 'other', severity: 'info', what: message, text: `Navarch only observes, and ${message} (${node})` }
    default:
      return undefined
  }
}

function statusLine({ message, node }: ToldEvent): ActivityLine | undefined {
  const [, status = '', reason = ''] = /^(\S+?)(?::? (.*))?$/s.exec(message) ?? []
  // How a pool shrinks is told by its size.
  if (status === 'draining' && reason.startsWith('scaling down')) return undefined
  if (status === 'draining') {
    const why = reason ? ` for ${reason}` : ''
    return {
      kind: 'drain',
      severity: 'warning',
      what: `drained${why}`,
      text: `${node} was drained${why}`,
      many: (nodes) => `${nodes} were drained${why}`,
    }
  }
  if (status === 'cordoned') {
    return {
      kind: 'drain',
      severity: 'info',
      what: 'cordoned',
      text: `${node} was cordoned${reason ? `: ${reason}` : ''}`,
      many: (nodes) => `${nodes} were cordoned`,
    }
  }
  if (status === 'active') {
    return {
      kind: 'return',
      severity: 'info',
      what: 'in service',
      text: `${node} came into service`,
      many: (nodes) => `${nodes} came into service`,
    }
  }
  if (status === 'unhealthy') {
    return {
      kind: 'fault',
      severity: 'critical',
      what: 'left faulty',
      text: `${node} was left faulty (${reason})`,
    }
  }
  return undefined
}

function operationLine({ message, node }: ToldEvent): ActivityLine | undefined {
  const [, proposed, cause = ''] = /^(\S+) waits for approval: (.*)$/s.exec(message) ?? []
  if (proposed !== undefined) {
    return {
      kind: 'replacement',
      severity: 'warning',
      what: `${proposed} proposed`,
      text: `${proposed} of ${node} was proposed: ${cause}`,
      many: (nodes) => `${proposed} of ${nodes} was proposed`,
    }
  }
  const [, kind = '', reason = ''] = /^(\S+) started: (.*)$/s.exec(message) ?? []
  switch (kind) {
    case 'replace':
      return {
        kind: 'replacement',
        severity: 'info',
        what: 'replacement',
        text: `replacement of ${node} began: ${reason}`,
        many: (nodes) => `replacement of ${nodes} began`,
      }
    case 'cordon':
    case 'drain':
    case 'uncordon': {
      const done = { cordon: 'cordon', drain: 'drain', uncordon: 'return' }[kind]
      return {
        kind: 'person',
        severity: 'info',
        what: `${done} asked for`,
        text: `${done} of ${node} asked for: ${reason}`,
      }
    }
    // How a pool grows and shrinks is told by its size.
    case 'provision':
    case 'scale-down':
      return undefined
    default: {
      const kind = /^(?:withdrawn|not needed)/.test(message) ? 'other' : 'person'
      return { kind, severity: 'info', what: message, text: `${node}: ${message}` }
    }
  }
}

function stepLine({ message, node }: ToldEvent): ActivityLine | undefined {
  const [, step = '', state = '', detail = ''] = /^(\S+) (\S+?)(?:: (.*))?$/s.exec(message) ?? []
  if (state !== 'failed') return undefined
  return {
    kind: 'replacement',
    severity: 'critical',
    what: `operation failed at ${step}`,
    text: `the operation on ${node} failed at its step ${step}${detail ? `: ${detail}` : ''}`,
  }
}
