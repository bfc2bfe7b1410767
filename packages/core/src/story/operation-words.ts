import { asksForDrain } from '../health/assess.ts'
import type { Finding } from '../health/finding.ts'
import type { Operation, StepName } from '../operation/operation.ts'

/** What a step that is over has done, in a word or two. */
const doneWords: Record<StepName, string> = {
  drain: 'drained in Slurm, so that no new job starts',
  wait: 'its jobs had ended',
  remove: 'the machine was ended',
  provision: 'a new machine was made',
  bootstrap: 'the new machine was set up',
  register: 'its agent and slurmd registered',
  verify: 'the new machine was checked',
  return: 'given back to jobs',
}

const doingWords: Record<StepName, string> = {
  drain: 'drains it in Slurm',
  wait: 'waits for its jobs to end',
  remove: 'ends the machine',
  provision: 'gets a new machine',
  bootstrap: 'sets the new machine up',
  register: 'waits for its agent and slurmd to register',
  verify: 'checks the new machine',
  return: 'gives it back to jobs',
}

const endings: Record<Operation['kind'], string> = {
  replace: ', then replaces the machine and gives the node back',
  provision: ', then gives it to jobs',
  'scale-down': ', then gives the machine up',
  drain: '; then a person must say what becomes of it',
  cordon: '',
  uncordon: '',
}

/** What is done once a person says so. */
const proposals: Record<Operation['kind'], string> = {
  replace: 'drain the node, wait for its jobs and replace the machine',
  provision: 'make a machine for it',
  'scale-down': 'wait until it is idle and give the machine up',
  drain: 'drain the node',
  cordon: 'cordon the node',
  uncordon: 'return the node',
}

/** What Navarch does now and what comes after, in one sentence. */
export function nextOf(operation: Pick<Operation, 'kind' | 'state' | 'step' | 'steps'>): string {
  const { kind, step } = operation
  if (operation.state === 'waiting_for_approval') {
    return `A person must approve or reject it: Navarch would ${proposals[kind]}.`
  }
  if (operation.state === 'failed') return 'The operation failed: a person may retry it, or return the node by hand.'
  const message = operation.steps.find(({ name }) => name === step)?.message ?? ''
  const said = /^waits? (?:for|until)/.test(message) ? message : doingWords[step]
  const more = message && said !== message ? ` (${message})` : ''
  const last = step === 'return' || (kind === 'replace' && isMaking(step))
  const ending = last ? (step === 'return' ? '' : ', then checks it and gives the node back') : endings[kind]
  return `Navarch ${said}${more}${ending}.`
}

function isMaking(step: StepName): boolean {
  return step === 'provision' || step === 'bootstrap' || step === 'register' || step === 'verify'
}

/** One thing that was done about a finding. */
export interface Done {
  /** ms since the epoch. */
  at: number
  text: string
  operation: string
}

/** An operation that began later than this after a finding was not for it, ms. */
const causedWithinMs = 24 * 3_600_000

/** What was done about a finding, oldest first. @param operations the node's, in any order */
export function doneAbout(finding: Finding, operations: readonly Operation[]): Done[] {
  if (!asksForDrain(finding)) return []
  const caused = operations
    .filter(({ initiator, createdAt }) => initiator === 'health' && createdAt - finding.at < causedWithinMs)
    // One that was under way already does for what was found in its course.
    .filter(({ updatedAt }) => updatedAt >= finding.at)
    .toSorted((a, b) => a.createdAt - b.createdAt)[0]
  if (!caused) return []
  return caused.steps.flatMap(({ name, state, finishedAt, message }) => {
    if (finishedAt === undefined) return []
    if (state === 'succeeded') return [{ at: finishedAt, text: doneWords[name], operation: caused.id }]
    if (state === 'failed') return [{ at: finishedAt, text: `${name} failed: ${message}`, operation: caused.id }]
    return []
  })
}

/** What comes next about a finding that holds; "" where nothing does. @param operation the open one of its node */
export function nextAbout(
  finding: Pick<Finding, 'class'> & Finding,
  active: boolean,
  operation: Operation | undefined,
): string {
  if (!active) return ''
  if (operation) return nextOf(operation)
  switch (finding.class) {
    case 'informational':
      return ''
    case 'application':
      return "Nothing: it is the program's fault, and the GPU goes on."
    case 'watch':
      return 'It is watched: nothing is done until it becomes worse.'
    case 'reset-idle':
      return 'The GPU is to be reset when the node is idle.'
    default:
      return 'A person must repair the node and return it.'
  }
}
