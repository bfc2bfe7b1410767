import { wallMs } from './efficiency.ts'
import { type ExitMeaning, isSignal, meaningOfExit } from './exit-meaning.ts'
import type { Case, Judgement } from './job-case.ts'
import { type Confidence, confidences } from './job-report.ts'
import { memoryText, tightNodes } from './out-of-memory.ts'
import { nodesText, spanText } from './phrases.ts'
import { happening, type Suspect } from './suspects.ts'

/**
 * Judges a run that failed and of which Slurm names no limit and no node as the reason. The surest explanation counts; of equals
 * the first of: hardware, memory, a fault of the program on a GPU, Slurm's reason, the exit status.
 */
export function failure(judged: Case): Judgement {
  const explanations = [hardware(judged), memory(judged), gpuFault(judged), slurmsReason(judged), byExit(judged)]
  const best = explanations
    .filter((explanation) => explanation !== undefined)
    .reduce((a, b) => (confidences.indexOf(b.confidence) > confidences.indexOf(a.confidence) ? b : a))
  return best.cause === 'code' ? withDoubt(best, judged) : best
}

/** "this was our hardware", "this was likely our hardware". */
export function blame({ confidence, whose }: Pick<Suspect, 'confidence' | 'whose'>): string {
  const words: Record<Confidence, string> = { certain: 'was', likely: 'was likely', possible: 'may have been' }
  return `this ${words[confidence]} ${whose}`
}

function hardware({ job, view, hardware: suspect }: Case): Judgement | undefined {
  if (!suspect) return undefined
  return {
    cause: 'hardware',
    confidence: suspect.confidence,
    sentence: `${job} failed on ${suspect.node}: ${happening(suspect, view.endTime)}; ${blame(suspect)}.`,
  }
}

/** Memory that ran out in one of its processes; Slurm's own OUT_OF_MEMORY is judged before. */
function memory({ job, view, oom }: Case): Judgement | undefined {
  if (!oom?.kills) return undefined
  const killed = view.exit?.signal === 9 || view.exit?.status === 137
  return {
    cause: 'limit',
    confidence: killed ? 'certain' : 'likely',
    sentence: `${job} failed after memory ran out on ${oom.node}: ${memoryText(oom)}; ask for more with --mem.`,
  }
}

function gpuFault({ job, view, suspects }: Case): Judgement | undefined {
  const suspect = suspects.find(({ kind }) => kind === 'program')
  // A program that is killed leaves XID 43 or 45 behind: then they tell nothing.
  if (!suspect || (suspect.confidence === 'possible' && isKilled(view.exit))) return undefined
  const words: Record<Confidence, string> = { certain: 'is', likely: 'is most likely', possible: 'may be' }
  return {
    cause: 'code',
    confidence: suspect.confidence,
    sentence: `${job} failed on ${suspect.node}: ${happening(suspect, view.endTime)}; this ${words[suspect.confidence]} a fault of the program, not of the GPU.`,
  }
}

function isKilled(exit: Case['view']['exit']): boolean {
  const signal = exit && (exit.signal || exit.status - 128)
  return signal === 9 || signal === 15
}

/** Reasons beside FAILED that tell more than the exit status. Source: job_state_reason_string, slurm_protocol_defs.c, 22.05 to 26.05. */
function slurmsReason({ job, view, place }: Case): Judgement | undefined {
  switch (view.stateReason) {
    case 'JobLaunchFailure':
      // 22.05 and older say so of every script that a signal ended; where nothing was launched, the signal is an error's number.
      if (isSignal(view.exit?.signal)) return undefined
      return {
        cause: 'scheduler',
        confidence: 'likely',
        sentence: `${job} could not be started${place}: Slurm says JobLaunchFailure; slurmd's log there says why.`,
      }
    case 'SystemFailure':
      return {
        cause: 'scheduler',
        confidence: 'likely',
        sentence: `${job} failed${place}: Slurm says SystemFailure, which is no fault of the program.`,
      }
    case 'InactiveLimit':
      return {
        cause: 'limit',
        confidence: 'certain',
        sentence: `${job} ended${place}: it ran no step for longer than the cluster allows (InactiveLimit).`,
      }
    default:
      return undefined
  }
}

function byExit(judged: Case): Judgement {
  const { job, view, place } = judged
  const { exit } = view
  if (!exit || (exit.status === 0 && exit.signal === 0))
    return {
      cause: 'unknown',
      confidence: 'possible',
      sentence: `${job} failed${place}; ${exit ? 'its exit status is 0, which does not say why' : 'its exit status is not known'}.`,
    }
  const meaning = meaningOfExit(exit)
  if (meaning.signal === 9 || meaning.signal === 15) return bySomebody(judged, meaning)
  const hint = meaning.hint ?? lookAtOutput(judged)
  return {
    cause: meaning.cause,
    confidence: wasWatched(judged) ? meaning.confidence : 'possible',
    sentence: `${job} ${meaning.text}${place}; ${hint}.`,
  }
}

function lookAtOutput(judged: Case): string {
  const where = judged.view.stdout ? ` (${judged.view.stdout})` : ''
  return wasWatched(judged)
    ? `nothing on its nodes explains that, so its own output${where} should`
    : `nobody could look at its nodes, its own output${where} may say why`
}

/** Signals 9 and 15 say neither who sent them nor why. */
function bySomebody(judged: Case, meaning: ExitMeaning): Judgement {
  const { job, view, place, usage } = judged
  const limitMs = view.timeLimitMinutes === undefined ? undefined : view.timeLimitMinutes * 60_000
  const wall = wallMs(view, view.endTime ?? 0)
  if (!view.confirmed && limitMs !== undefined && wall !== undefined && wall >= limitMs)
    return {
      cause: 'limit',
      confidence: 'likely',
      sentence: `${job} ${meaning.text}${place} when its time limit of ${spanText(limitMs)} was over; ask for more with --time.`,
    }
  const tight = tightNodes(view, usage)
  if (meaning.signal === 9 && tight.length > 0)
    return {
      cause: 'limit',
      confidence: 'likely',
      sentence: `${job} ${meaning.text} while its memory on ${nodesText(tight)} was nearly full: most likely it ran out; ask for more with --mem.`,
    }
  const word = view.confirmed ? 'Slurm names no limit' : 'Slurm has not said yet how it ended'
  const counted = Object.values(usage).some(({ oomKills }) => oomKills !== undefined)
  const kernel = counted ? 'the kernel killed nothing for lack of memory' : 'nobody could watch its memory'
  const guess = counted
    ? 'somebody or one of its own programs most likely sent the signal'
    : 'memory may have run out, or somebody sent the signal'
  const reason =
    meaning.signal === 9
      ? `${word} and ${kernel}: ${guess}`
      : `${word}: somebody or one of its own programs sent the signal`
  return { cause: 'unknown', confidence: 'possible', sentence: `${job} ${meaning.text}${place}; ${reason}.` }
}

/** Whether anybody could have seen another cause. */
function wasWatched({ usage }: Case): boolean {
  return Object.values(usage).some(({ source }) => source !== 'none')
}

/** A weak sign of faulty hardware makes the program's fault less sure. */
function withDoubt(best: Judgement, { suspects, view }: Case): Judgement {
  const sign = suspects.find(({ kind }) => kind === 'hardware')
  if (!sign) return best
  const sentence = `${best.sentence.slice(0, -1)}; but ${happening(sign, view.endTime, true)}, may have had a part.`
  return { ...best, confidence: 'possible', sentence }
}
