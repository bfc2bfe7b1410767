import type { FleetChange } from '@navarch/control-plane/fleet/fleet'
import type { Finding } from '@navarch/core/health/finding'
import { type Operation, operationSteps, type StepName } from '@navarch/core/operation/operation'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** A pool of the demo, as the seed needs it. */
export interface SeededPool {
  name: string
  minNodes: number
  maxNodes: number
  /** Names of its nodes that exist at the start. */
  nodes: readonly string[]
}

/** A fault of the day before the demo, and how long its node was out. */
export interface PastFault {
  node: string
  pool: string
  /** ms since the epoch. */
  at: number
  /** When the node was back; the fault itself where it drained nothing. */
  backAt: number
  gpu: number
  kind: (typeof pastKinds)[number]
}

/** Faults that happen, the frequent ones several times. Lines as the driver writes them: https://docs.nvidia.com/deploy/xid-errors */
const pastKinds = [
  {
    xid: 79,
    class: 'drain-replace',
    fatal: true,
    text: 'GPU has fallen off the bus',
    line: 'GPU has fallen off the bus.',
  },
  {
    xid: 13,
    class: 'application',
    fatal: false,
    text: 'Graphics Engine Exception',
    line: 'Graphics SM Warp Exception on (GPC 2, TPC 0, SM 1): Out Of Range Address',
  },
  {
    xid: 31,
    class: 'application',
    fatal: false,
    text: 'GPU memory page fault',
    line: 'MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_3 faulted @ 0x7fbc_52a00000',
  },
  {
    xid: 48,
    class: 'drain-reset',
    fatal: false,
    text: 'Double Bit ECC Error',
    line: 'An uncorrectable double bit error (DBE) has been detected on GPU',
  },
  {
    xid: 94,
    class: 'application',
    fatal: false,
    text: 'Contained memory error',
    line: 'Contained: SM (0x1). RST: No, D-RST: No',
  },
  {
    xid: 119,
    class: 'drain-reset',
    fatal: false,
    text: 'GSP RPC Timeout',
    line: 'Timeout after 6s of waiting for RPC response from GPU GSP! Expected function 76',
  },
] as const

/** The faults of a day, oldest first. */
export function pastFaults(pools: readonly SeededPool[], now: number, random: () => number): PastFault[] {
  const nodes = pools.flatMap((pool) => pool.nodes.map((node) => ({ node, pool: pool.name })))
  const faults: PastFault[] = []
  // None in the last minutes: what is seeded is over when the demo begins.
  for (let at = now - dayMs + 20 * minuteMs; at < now - 40 * minuteMs; at += (20 + 60 * random()) * minuteMs) {
    const place = nodes[Math.floor(random() * nodes.length)]
    const kind = pastKinds[Math.floor(random() * pastKinds.length)]
    if (!place || !kind) continue
    const drains = kind.class.startsWith('drain')
    const backAt = drains ? at + Math.round((6 + 18 * random()) * minuteMs) : at
    faults.push({ ...place, at: Math.round(at), backAt: Math.round(backAt), gpu: Math.floor(random() * 8), kind })
  }
  return faults
}

/** An event with its time, to be numbered when all are in order. */
export type PastEvent = Omit<Extract<FleetChange, { kind: 'event' }>, 'kind'> & { at: number }

/** With what the made-up day begins: every node is in service and healthy, until something is told of it. */
export function firstEvents(pools: readonly SeededPool[], now: number): PastEvent[] {
  return pools.flatMap(({ name: pool, nodes }) =>
    nodes.flatMap((node): PastEvent[] => [
      { at: now - dayMs, type: 'node-status', message: 'active', pool, node },
      { at: now - dayMs, type: 'node-health', message: 'healthy', pool, node },
    ]),
  )
}

/** What a fault left behind: its finding, the operation that mended it, and their events. */
export function traceOfFault(
  fault: PastFault,
  number: number,
): { finding: Finding; operation?: Operation; events: PastEvent[] } {
  const { node, pool, at, backAt, gpu, kind } = fault
  const message = `XID ${kind.xid}: ${kind.text}`
  const bus = `0000:${(0x1a + 0x11 * gpu).toString(16)}:00`
  const finding: Finding = {
    id: `${node}/demo-day/${number}`,
    node,
    source: 'kernel-log',
    code: `xid-${kind.xid}`,
    xid: kind.xid,
    class: kind.class,
    fatal: kind.fatal,
    gpuUuid: seededUuid(node, gpu),
    gpuIndex: gpu,
    pciBusId: `0000${bus.toUpperCase()}.0`,
    message,
    evidence: `NVRM: Xid (PCI:${bus}): ${kind.xid}, pid='<unknown>', name=<unknown>, ${kind.line}`,
    at,
  }
  const place = { pool, node }
  const seen: PastEvent = { at, type: 'finding', message, ...place }
  if (backAt <= at) return { finding, events: [seen] }
  const operation = pastReplacement(fault, `demo-day-${number}`, message)
  const steps = operation.steps.map(
    (step): PastEvent => ({
      at: step.finishedAt ?? at,
      type: 'operation-step',
      message: `${step.name} succeeded${step.message ? `: ${step.message}` : ''}`,
      operation: operation.id,
      ...place,
    }),
  )
  const own = { ...place, operation: operation.id }
  return {
    finding,
    operation,
    events: [
      seen,
      { at, type: 'node-health', message: `unhealthy: ${message}`, ...place },
      { at: at + 40, type: 'operation', message: `replace started: ${message}`, ...own },
      { at: at + 60, type: 'node-status', message: `draining: ${message}`, ...own },
      ...steps,
      { at: backAt - 1500, type: 'node-health', message: 'healthy', ...place },
      { at: backAt, type: 'node-status', message: 'active', ...own },
    ],
  }
}

const stepMessages: Partial<Record<StepName, string>> = {
  drain: 'drained in Slurm',
  wait: 'no jobs',
  verify: '8 GPUs, healthy',
  return: 'in service',
}
/** When each step of a replacement was over, as a part of the whole. */
const stepParts: Partial<Record<StepName, number>> = {
  drain: 0.002,
  wait: 0.96,
  remove: 0.963,
  provision: 0.985,
  bootstrap: 0.99,
  register: 0.994,
  verify: 0.997,
  return: 1,
}

function pastReplacement({ node, pool, at, backAt }: PastFault, id: string, reason: string): Operation {
  let begin = at + 40
  const steps = operationSteps.replace.map((name) => {
    const finishedAt = Math.round(at + (stepParts[name] ?? 1) * (backAt - at))
    const step = {
      name,
      state: 'succeeded' as const,
      startedAt: begin,
      finishedAt,
      attempts: 1,
      message: stepMessages[name] ?? '',
    }
    begin = finishedAt
    return step
  })
  return {
    ...{ id, kind: 'replace', pool, node, state: 'succeeded', step: 'return', steps, reason, initiator: 'health' },
    ...{ facts: {}, cancelRequested: false, notBefore: at, createdAt: at + 40, updatedAt: backAt },
  }
}

/** A GPU of the day before; those of now have others, since their machines are others. */
export function seededUuid(node: string, index: number): string {
  const hex = (text: string) =>
    [...text]
      .reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 7)
      .toString(16)
      .padStart(8, '0')
  const name = hex(`${node}/${index}`)
  return `GPU-${name}-${hex(node).slice(0, 4)}-${hex(name).slice(0, 4)}-0000-${name}0000`
}
