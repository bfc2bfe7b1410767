import { wallMs } from './efficiency.ts'
import { evidenceOf } from './evidence.ts'
import { blame, failure } from './failure.ts'
import type { Case, Judgement } from './job-case.ts'
import type { Verdict } from './job-report.ts'
import { memoryText } from './out-of-memory.ts'
import { spanText, timeText } from './phrases.ts'
import { happening } from './suspects.ts'
import { waitingWords } from './waiting.ts'

/** GPUs that idle so long before a time limit tell of a program that hung. */
const hungAfterMs = 10 * 60_000

/**
 * Whose doing a run's end was: the code, our hardware, a limit, the scheduler, or a person; in one sentence, with what it rests on.
 *
 * Slurm's word decides where it names the reason (NODE_FAIL, TIMEOUT, OUT_OF_MEMORY, PREEMPTED, …): then it is certain, and what
 * happened on the nodes tells more of it. Where Slurm says no more than FAILED, or nothing yet, `failure` weighs what is known.
 */
export function judgeCase(judged: Case): Verdict {
  return { ...judge(judged), evidence: evidenceOf(judged) }
}

function judge(judged: Case): Judgement {
  switch (judged.view.state) {
    case 'pending':
      return waits(judged)
    case 'running':
      return runs(judged)
    case 'completed':
      return completed(judged)
    case 'failed':
    case 'cancelled':
      return ended(judged)
  }
}

function ended(judged: Case): Judgement {
  const { job, place, view } = judged
  switch (view.rawState) {
    case 'NODE_FAIL':
      return nodeFailed(judged)
    case 'OUT_OF_MEMORY':
      return ranOutOfMemory(judged)
    case 'TIMEOUT':
      return reachedTimeLimit(judged)
    case 'CANCELLED':
      return cancelled(judged)
    case 'REQUEUED':
      return requeued(judged)
    case 'DEADLINE':
      return certain('limit', `${job} was ended${place} because its deadline came (--deadline).`)
    case 'PREEMPTED':
      return certain('scheduler', `${job} was preempted${place} by Slurm for a job that goes before it.`)
    case 'BOOT_FAIL':
      return certain('scheduler', `${job} did not run: Slurm could not boot${place.slice(3) || ' its nodes'} in time.`)
    case 'REVOKED':
      return certain('scheduler', `${job} was revoked: another cluster of the federation ran it.`)
    default:
      return failure(judged)
  }
}

function certain(cause: Judgement['cause'], sentence: string): Judgement {
  return { cause, confidence: 'certain', sentence }
}

function waits({ job, view, input }: Case): Judgement {
  const words = waitingWords(view, input.now)
  if (!words) return certain('none', `${job} waits for its start.`)
  // Within a sentence; Slurm's name stays as it is.
  const why = words.why.replace(/\.$/, '').replace(/^(?!Slurm\b)./, (letter) => letter.toLowerCase())
  const code = why.startsWith('Slurm says') ? '' : ` (${view.stateReason})`
  return certain('none', `${job} waits: ${why}${code}.`)
}

function runs({ job, place, view, hardware, oom }: Case): Judgement {
  const since = view.startTime === undefined ? '' : ` since ${timeText(view.startTime)}`
  if (hardware)
    return {
      cause: 'hardware',
      confidence: hardware.confidence,
      sentence: `${job} still runs${place}, but it may hang or fail: ${happening(hardware, undefined, true)}; this is ${hardware.whose}.`,
    }
  if (oom?.kills)
    return certain(
      'limit',
      `${job} still runs${place}, but memory ran out on ${oom.node}: ${memoryText(oom)}; ask for more with --mem.`,
    )
  return certain('none', `${job} runs${place}${since}.`)
}

function completed({ job, place, view, hardware, oom, input }: Case): Judgement {
  if (!view.confirmed && !view.exit)
    return {
      cause: 'unknown',
      confidence: 'possible',
      sentence: `${job} ended${place}; neither its exit status nor Slurm's word is known.`,
    }
  const wall = wallMs(view, input.now)
  const took = wall === undefined ? '' : ` in ${spanText(wall)}`
  const although = hardware
    ? `, although there was ${happening(hardware, view.endTime, true)}: check its results`
    : oom?.kills
      ? `, although memory ran out on ${oom.node}: ${memoryText(oom)}`
      : ''
  return certain('none', `${job} completed${place}${took}${although}.`)
}

function nodeFailed({ job, view, hardware, suspects, place }: Case): Judgement {
  const found = hardware ?? suspects.find(({ kind }) => kind === 'hardware')
  if (!found)
    return {
      cause: 'hardware',
      confidence: 'likely',
      sentence: `${job} lost ${view.nodes.length === 1 ? 'its node' : 'one of'}${place.replace(' on', '')}: Slurm says NODE_FAIL; this was likely our hardware or network, and not the program.`,
    }
  // Slurm's word and a fault that was seen agree.
  const confidence = hardware && hardware.source !== 'slurm' ? 'certain' : 'likely'
  return {
    cause: 'hardware',
    confidence,
    sentence: `${job} lost its node ${found.node}: ${happening(found, view.endTime)}; ${blame({ ...found, confidence })}.`,
  }
}

function ranOutOfMemory({ job, place, oom }: Case): Judgement {
  const figures = oom ? memoryText(oom) : ''
  const where = oom?.node ? ` on ${oom.node}` : place
  const told = figures || 'Slurm says so, and nobody could measure how much it used'
  return certain('limit', `${job} ran out of memory${where}: ${told}; ask for more with --mem.`)
}

function reachedTimeLimit({ job, view, hardware, usage, oom }: Case): Judgement {
  const limit = view.timeLimitMinutes === undefined ? '' : ` of ${spanText(view.timeLimitMinutes * 60_000)}`
  const fault = hardware?.source === 'slurm' ? undefined : hardware
  if (fault)
    return {
      cause: 'hardware',
      confidence: 'likely',
      sentence: `${job} ran into its time limit${limit} after ${happening(fault, view.endTime, true)}: it likely hung on ${fault.whose}.`,
    }
  const gpus = Object.values(usage).flatMap((figures) => figures.gpus)
  const idleMs = Math.min(...gpus.map(({ idleSeconds = 0 }) => idleSeconds * 1000))
  const hung =
    gpus.length > 0 && idleMs >= hungAfterMs
      ? `its GPUs did nothing for the last ${spanText(idleMs)}, so it may have hung; otherwise `
      : ''
  const killed = oom?.kills ? `memory ran out before (${memoryText(oom)}), which may be why; ` : ''
  return certain('limit', `${job} reached its time limit${limit}; ${killed}${hung}ask for more with --time.`)
}

function cancelled({ job, view, input, hardware, place }: Case): Judgement {
  const { cancelledBy } = view
  const who = cancelledBy === undefined ? '' : ` by ${personText(cancelledBy, view.user)}`
  const wall = wallMs(view, input.now)
  const when = wall === undefined || view.nodes.length === 0 ? ' before it started' : `${place} after ${spanText(wall)}`
  const reason = view.stateReason ? ` (${view.stateReason})` : ''
  const fault = hardware ? `; before that there was ${happening(hardware, view.endTime, true)}` : ''
  return certain('cancelled', `${job} was cancelled${who}${when}${reason}${fault}.`)
}

function personText(name: string, owner: string): string {
  if (name === owner) return 'its user'
  return /^\d+$/.test(name) ? `user id ${name}` : name
}

function requeued({ job, view, hardware, place }: Case): Judgement {
  const run = `Run ${view.restart + 1} of ${job.replace('Job', 'job')}`
  if (hardware)
    return {
      cause: 'hardware',
      confidence: hardware.confidence,
      sentence: `${run} was queued again: ${happening(hardware, view.endTime, true)}; ${blame(hardware)}.`,
    }
  return {
    cause: 'scheduler',
    confidence: 'likely',
    sentence: `${run} ended${place} because the job was queued again; a person or the scheduler did that, and a later run follows.`,
  }
}
