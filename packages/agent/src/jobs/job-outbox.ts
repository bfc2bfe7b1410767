import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { JobEventsSchema, type JobSampleBatch, JobSamplesSchema } from '@navarch/api/control-plane'
import type { Log } from '@navarch/system/log'
import type { Session } from '../session.ts'
import type { JobEventJson } from './hook-event.ts'
import type { JobEventSpool } from './job-event-spool.ts'
import type { SampleQueue } from './sample-queue.ts'

/** What goes to the control plane about jobs: events are never lost, readings as seldom as can be. */
export interface JobOutbox {
  /** Resolves when the event is safe here; it is on its way then, or waits. */
  addEvent(event: JobEventJson): Promise<void>
  addSamples(batches: readonly JobSampleBatch[]): void
  /** Over this session from now on, beginning with what waits. */
  onLinked(session: Session): void
  /** Sends what the link takes now. */
  pump(): void
}

export interface JobOutboxOptions {
  events: JobEventSpool
  samples: SampleQueue
  log: Log
}

/** Of one message: far below what the control plane takes (1 MiB), and soon parsed. */
const maxEventsPerMessage = 200
const maxBytesPerMessage = 200 * 1024
/** Messages with events that are on their way at once. */
const maxMessagesOut = 4

/** One session, and what is on its way over it. */
interface Link {
  session: Session
  eventsOut: Set<number>
  messagesOut: number
  samplesOut: boolean
  /** What its end means for the readings that are out. */
  onEnd: (() => void) | undefined
}

/** Sends events in their order, and the next message of readings when the one before it is confirmed. */
export function createJobOutbox({ events, samples, log }: JobOutboxOptions): JobOutbox {
  let link: Link | undefined

  const sendEvents = (current: Link): void => {
    while (current.messagesOut < maxMessagesOut && current.session.isClear()) {
      const ids: number[] = []
      const texts: string[] = []
      let bytes = 0
      for (const { id, event } of events.waiting()) {
        if (current.eventsOut.has(id)) continue
        if (ids.length === maxEventsPerMessage || (ids.length > 0 && bytes + event.length > maxBytesPerMessage)) break
        ids.push(id)
        texts.push(event)
        bytes += event.length
      }
      if (ids.length === 0) return
      for (const id of ids) current.eventsOut.add(id)
      current.messagesOut++
      current.session.deliver({ case: 'jobEvents', value: create(JobEventsSchema, { events: texts }) }, () => {
        current.messagesOut--
        for (const id of ids) current.eventsOut.delete(id)
        void events.remove(ids)
        pump()
      })
    }
  }

  const sendSamples = async (current: Link): Promise<void> => {
    if (current.samplesOut || !current.session.isClear()) return
    current.samplesOut = true
    const next = await samples.next()
    if (!next || current !== link) {
      next?.notSent(next.messages.length)
      current.samplesOut = false
      return
    }
    let unconfirmed = next.messages.length
    current.onEnd = () => next.notSent(unconfirmed)
    const onDurable = () => {
      if (--unconfirmed > 0) return
      current.onEnd = undefined
      void next.sent().then(() => {
        current.samplesOut = false
        pump()
      })
    }
    for (const message of next.messages)
      current.session.deliver({ case: 'jobSamples', value: fromBinary(JobSamplesSchema, message) }, onDurable)
    if (next.messages.length === 0) onDurable()
  }

  const pump = (): void => {
    const current = link
    if (!current) return
    sendEvents(current)
    sendSamples(current).catch((error: unknown) => {
      current.samplesOut = false
      log.error('readings of jobs cannot be sent', { error: error instanceof Error ? error.message : String(error) })
    })
  }

  return {
    pump,
    addEvent: (event) => {
      const kept = events.add(event)
      // Told at once, and written down meanwhile: who waits for `kept` waits for the disk alone.
      pump()
      return kept
    },
    addSamples: (batches) => {
      for (const part of messagesOf(batches)) samples.push(part)
      pump()
    },
    onLinked: (session) => {
      const current: Link = { session, eventsOut: new Set(), messagesOut: 0, samplesOut: false, onEnd: undefined }
      link = current
      void session.ended.then(() => {
        if (link === current) link = undefined
        current.onEnd?.()
      })
      pump()
    },
  }
}

/** Batches packed into as few messages as their size lets. */
function messagesOf(batches: readonly JobSampleBatch[]): Uint8Array[] {
  const messages: Uint8Array[] = []
  let jobs: JobSampleBatch[] = []
  let bytes = 0
  const close = () => {
    if (jobs.length > 0) messages.push(toBinary(JobSamplesSchema, create(JobSamplesSchema, { jobs })))
    jobs = []
    bytes = 0
  }
  for (const batch of batches) {
    const estimate = batch.usage.length + batch.readings.reduce((sum, reading) => sum + sizeOf(reading), 64)
    if (bytes + estimate > maxBytesPerMessage) close()
    jobs.push(batch)
    bytes += estimate
  }
  close()
  return messages
}

function sizeOf({ host, gpus }: JobSampleBatch['readings'][number]): number {
  return 16 + 8 * host.length + gpus.reduce((sum, gpu) => sum + 56 + 8 * gpu.values.length, 0)
}
