import type { JobSampleBatch } from '@navarch/api/control-plane'
import type { JobEventResponseJson } from '@navarch/api/jobs'
import type { JobEvent, JobRef, Origin } from '@navarch/core/job/job-event'
import { isFinalState } from '@navarch/core/job/slurm-word'
import type { ApplyOutcome, SampleBatch } from '../../store/job-store.ts'
import { ServiceError } from '../service-error.ts'
import { errorResponseOf } from './error-response.ts'
import { eventOfJson, finishedOfJson, type Received, startedOfJson } from './event-of-json.ts'
import { applyEvents, guarded, isJobId, type JobServiceDeps } from './job-deps.ts'
import type { JobEvents, Sender } from './job-service.ts'
import { createNewestRuns } from './newest-runs.ts'
import { parseJson } from './parse-json.ts'
import { jobEventBatch } from './request-schemas.ts'
import { samplesOfBatch, usageOfBatch } from './samples-of-agent.ts'

type TakenEvent = ReturnType<typeof eventOfJson>

export function createJobEvents(deps: JobServiceDeps): JobEvents {
  const { clock, log, live, newId, store } = deps
  const newestRuns = createNewestRuns(async (jobId, cluster) => {
    const runs = await store.find(jobId)
    return runs.find((run) => run.cluster === cluster && run.jobId === jobId)?.restart
  }, clock.now)

  const received = (sender: Sender, changedBy: string): Received => ({
    receivedAt: clock.now(),
    cluster: deps.cluster(),
    origin: {
      changedBy: sender.changedBy ?? changedBy,
      source: sender.source ?? 'hook',
      correlationId: sender.correlationId ?? newId(),
    },
  })

  /** Events are not kept while they are stored: thousands may be on their way. */
  async function apply(events: Iterable<JobEvent>): Promise<ApplyOutcome[]> {
    const jobs: JobRef[] = []
    const outcomes = await applyEvents(deps, noteJobs(events, jobs))
    for (const [index, outcome] of outcomes.entries()) {
      const job = jobs[index]
      if (job) note(job, outcome)
    }
    return outcomes
  }

  function note(job: JobRef, { state, restart }: ApplyOutcome): void {
    if (restart === undefined) return
    newestRuns.learn(job, restart)
    if (state !== undefined && isFinalState(state)) live.forget({ ...job, restart })
  }

  async function one(event: JobEvent): Promise<JobEventResponseJson> {
    const [outcome] = await apply([event])
    return responseOf(event, outcome)
  }

  return {
    started: (json, sender) => one(startedOfJson(json, received(sender, 'prolog'))),
    finished: (json, sender) => one(finishedOfJson(json, received(sender, 'epilog'))),

    async batch(json, sender) {
      const { events: items } = parseJson('body', jobEventBatch, json)
      const context = received(sender, 'hook')
      const parsed = items.map((item, index) => orError(() => eventOfJson(item, context, `events[${index}]`)))
      const events = parsed.filter((event): event is TakenEvent => !(event instanceof ServiceError))
      const outcomes = events.length > 0 ? await apply(events) : []
      const ofEvent = new Map<TakenEvent, ApplyOutcome | undefined>(
        events.map((event, index) => [event, outcomes[index]]),
      )
      return parsed.map((event) =>
        event instanceof ServiceError ? errorResponseOf(event) : responseOf(event, ofEvent.get(event)),
      )
    },

    async agentEvents(node, texts) {
      const origin: Origin = { changedBy: `agent ${node}`, source: 'agent', correlationId: newId() }
      const context = { origin: whole(origin), receivedAt: clock.now(), cluster: deps.cluster() }
      await apply(eventsOfAgent(node, texts, context))
    },

    async agentSamples(node, batches) {
      const kept: SampleBatch[] = []
      for (const batch of batches) {
        if (!isJobId(batch.jobId) || (batch.cluster !== '' && !isJobId(batch.cluster))) {
          log.warn('job readings of an agent refused', { node, job: batch.jobId.slice(0, 80), reason: 'no job id' })
          continue
        }
        const run = await guarded(log, () => runOf(batch))
        const samples = samplesOfBatch(batch)
        if (samples.length > 0) kept.push({ run, node, samples })
        const usage = orError(() => usageOfBatch(batch))
        if (usage instanceof ServiceError) {
          log.warn('job usage of an agent refused', { node, job: batch.jobId, reason: usage.message })
        } else if (usage) live.record(run, node, usage, clock.now())
      }
      if (kept.length > 0) await guarded(log, () => store.addSamples(kept))
    },
  }

  /** What can never be taken is logged and left out. */
  function* eventsOfAgent(node: string, texts: readonly string[], context: Received): Generator<JobEvent> {
    for (const text of texts) {
      const event = orError(() => eventOfJson(jsonOf(text), context, 'event'))
      if (event instanceof ServiceError) {
        log.warn('job event of an agent refused', { node, reason: event.message, event: text.slice(0, 500) })
      } else yield event
    }
  }

  async function runOf(batch: JobSampleBatch) {
    const cluster = batch.cluster || deps.cluster()
    const { jobId } = batch
    const restart = batch.newestRun ? await newestRuns.of({ cluster, jobId }) : batch.restart
    return { cluster, jobId, restart }
  }
}

function* noteJobs(events: Iterable<JobEvent>, jobs: JobRef[]): Generator<JobEvent> {
  for (const event of events) {
    jobs.push(event.job)
    yield event
  }
}

/** The same with texts in one piece: V8 writes those that were put together as JSON at half the speed. */
function whole(origin: Origin): Origin {
  return JSON.parse(JSON.stringify(origin))
}

function responseOf({ job }: JobEvent, outcome: ApplyOutcome | undefined): JobEventResponseJson {
  const { status, message } = outcome ?? { status: 'skipped', message: '' }
  // Starts and ends are never refused: what they are about is made where it is not known.
  const told = status === 'created' || status === 'updated' ? status : 'skipped'
  return { status: told, job_id: job.jobId, message }
}

/** The value, or the reason why there is none. */
function orError<T>(work: () => T): T | ServiceError {
  try {
    return work()
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ServiceError('invalid', 'event: this is not JSON')
  }
}
