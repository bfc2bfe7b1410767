import { create } from '@bufbuild/protobuf'
import { JobSampleBatchSchema } from '@navarch/api/control-plane'
import { silentLog } from '@navarch/system/log'
import { describe, expect, it } from 'vitest'
import type { LinkEnd } from '../link.ts'
import type { Session } from '../session.ts'
import { openJobEventSpool } from './job-event-spool.ts'
import { createJobOutbox } from './job-outbox.ts'
import { openSampleQueue } from './sample-queue.ts'

/** A session that confirms when the test says so. */
function openLink() {
  const confirmations: (() => void)[] = []
  const { promise: ended, resolve } = Promise.withResolvers<LinkEnd>()
  const session: Session = {
    report: () => {},
    deliver: (_body, onDurable) => void confirmations.push(onDurable),
    isClear: () => true,
    sendIfClear: () => {},
    expectAnswers: () => {},
    ended,
    close: (reason) => resolve({ kind: 'lost', reason }),
  }
  return { session, confirmations }
}

describe('readings that are on their way when there is no room for them', () => {
  /** An outbox that has two messages out and then gives up all that it keeps. */
  async function givingUp() {
    const samples = await openSampleQueue({ folder: undefined, log: silentLog, maxMemoryBytes: 300 })
    const events = await openJobEventSpool({ path: undefined, log: silentLog })
    const outbox = createJobOutbox({ events, samples, log: silentLog })
    const add = (jobId: string) => outbox.addSamples([create(JobSampleBatchSchema, { jobId, usage: 'x'.repeat(130) })])
    add('1')
    add('2')
    const link = openLink()
    outbox.onLinked(link.session)
    await expect.poll(() => link.confirmations.length).toBe(2)
    add('3')
    expect(samples.dropped()).toBe(1)
    return { link, samples }
  }

  it('are not lost when they arrive', async () => {
    const { link, samples } = await givingUp()
    for (const confirm of link.confirmations) confirm()
    link.session.close('over')
    await link.session.ended
    await samples.close()
    expect(samples.dropped()).toBe(1)
  })

  it('are lost, but for those that were confirmed, when the link ends', async () => {
    const { link, samples } = await givingUp()
    link.confirmations[0]?.()
    link.session.close('cut')
    await link.session.ended
    await expect.poll(() => samples.dropped()).toBe(2)
  })
})
