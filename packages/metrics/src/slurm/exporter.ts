import { setImmediate } from 'node:timers/promises'
import type { SlurmDetails } from '@navarch/slurm/details'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { SnapshotView } from '@navarch/slurm/snapshot-poller'
import { type Metric, renderMetrics } from '../exposition.ts'
import { foldEnds, type JobEnds } from './job-ends.ts'
import { single } from './make-metrics.ts'
import { keptForCost } from './own-cost.ts'
import { type PackedPage, packPage } from './packed-page.ts'
import { type SlurmMetricsInput, slurmMetricGroups } from './slurm-metrics.ts'

export interface SlurmExporterOptions {
  /** ms since the epoch. */
  now: () => number
  /** The newest view of Slurm, as the poller has it. */
  view: () => SnapshotView
  /** Age of a look from which its figures are not told any more while looks fail, ms. */
  staleAfterMs: number
}

/** Figures of Slurm for any number of scrapers: made once for each look. */
export interface SlurmExporter {
  /** Takes in a look; to be called after each one. Resolves when its figures are served. */
  onLook(): Promise<void>
  setDetails(details: SlurmDetails): void
  /** The page as text, for a bigger one. */
  text(): Promise<string>
  /** The page for one scraper, in parts. */
  page(gzip: boolean): Promise<Buffer[]>
}

/** A look that is to be told. */
interface Look {
  snapshot: SlurmSnapshot
  ends: JobEnds
  before: SlurmMetricsInput['before']
}

/** Figures that were made, of the look with this time and number: nothing else of an old look is kept. */
interface Made {
  page: PackedPage
  takenAt: number
  look: number
}

/** How long after the last scrape figures are still made without being asked for, ms. */
const wantedMs = 600_000
/** Age, at a look, from which reservations and shares are not told any more: looks may be two minutes apart, ms. */
const detailsStaleMs = 300_000
/** Samples that are rendered in one go, so that nobody waits longer than some milliseconds. */
const samplesAtOnce = 5000

/**
 * Makes the exporter. Between looks nothing is computed but the age. A look that is too old is not told: its series are
 * missing, `slurm_up` is 0, and no figure becomes 0.
 */
export function createSlurmExporter({ now, view, staleAfterMs }: SlurmExporterOptions): SlurmExporter {
  let newest: Look | undefined
  let details: SlurmDetails | undefined
  let looks = { ok: 0, failed: 0 }
  let number = 0
  let scrapes = 0
  let wantedUntil = 0
  let making: Promise<Made> | undefined
  let made: Made | undefined
  let renderSeconds: number | undefined

  async function make({ snapshot, ends, before }: Look): Promise<Made> {
    const look = number
    const started = now()
    const slow = details && between(snapshot.takenAt, details.takenAt) <= detailsStaleMs ? details : undefined
    const input = { snapshot, ends, ...(before && { before }), ...(slow && { details: slow }) }
    const page = await packPage(renderInParts(input))
    renderSeconds = Math.max(0, now() - started) / 1000
    made = { page, takenAt: snapshot.takenAt, look }
    return made
  }

  /** What the newest look's figures are, being made where nobody has asked yet. */
  async function newestMade(): Promise<Made | undefined> {
    if (!newest || made?.look === number) return made
    making ??= make(newest).finally(() => {
      making = undefined
    })
    return await making
  }

  /** What is told now: while the newest look's figures are being made, those of the look before. */
  async function told(): Promise<Made | undefined> {
    if (isStale(view(), now(), staleAfterMs)) return undefined
    const newer = newestMade()
    if (!made || between(now(), made.takenAt) > staleAfterMs) return await newer
    // Nobody waits for it here: an error shows at the next scrape.
    newer.catch(() => {})
    return made
  }

  function head(page: Made | undefined): Metric[] {
    scrapes++
    const { failures, snapshot = undefined } = view()
    const takenAt = (page ?? snapshot)?.takenAt
    const age = takenAt === undefined ? undefined : between(now(), takenAt) / 1000
    const up = page !== undefined && failures === 0
    return [
      single(
        'slurm_up',
        '1 while slurmctld answers; 0: figures are old, or missing once they are too old.',
        Number(up),
      ),
      single('slurm_exporter_snapshot_age_seconds', 'Age of the newest look at Slurm; absent before the first.', age),
      single('slurm_exporter_failed_looks', 'Looks at Slurm that failed in a row.', failures),
      {
        name: 'slurm_exporter_looks_total',
        help: 'Looks at Slurm since the start, by result.',
        type: 'counter',
        samples: Object.entries(looks).map(([result, value]) => ({ labels: { result }, value })),
      },
      {
        name: 'slurm_exporter_scrapes_total',
        help: 'Scrapes since the start.',
        type: 'counter',
        samples: [{ value: scrapes }],
      },
      single(
        'slurm_exporter_render_duration_seconds',
        'What making the figures of the newest look took.',
        renderSeconds,
      ),
    ]
  }

  return {
    async onLook() {
      const { snapshot, failures } = view()
      looks = failures > 0 ? { ...looks, failed: looks.failed + 1 } : { ...looks, ok: looks.ok + 1 }
      if (!snapshot || snapshot === newest?.snapshot) return
      newest = { snapshot, ends: foldEnds(newest?.ends, snapshot), before: newest && keptForCost(newest.snapshot) }
      number++
      if (now() > wantedUntil) return
      await making
      await newestMade()
    },
    setDetails(found) {
      details = found
    },
    async text() {
      wantedUntil = now() + wantedMs
      const shown = await told()
      return String((await shown?.page.plain()) ?? '') + renderMetrics(head(shown))
    },
    async page(gzip) {
      wantedUntil = now() + wantedMs
      const shown = await told()
      return await (shown?.page ?? emptyPage).withTail(renderMetrics(head(shown)), gzip)
    },
  }
}

const emptyPage = await packPage([])

/**
 * Whether the newest look is too old to be told: for failing ones from `staleAfterMs`, and in any case from ten times that,
 * since looks that succeed may be slow.
 */
export function isStale({ snapshot, failures }: SnapshotView, now: number, staleAfterMs: number): boolean {
  if (!snapshot) return true
  const age = between(now, snapshot.takenAt)
  return age > (failures > 0 ? staleAfterMs : 10 * staleAfterMs)
}

/** How far apart two times are, ms: a clock that was set back by an hour tells of nothing that is newer than an hour. */
function between(one: number, other: number): number {
  return Math.abs(one - other)
}

/** The text of all figures, with room for others in between. */
async function* renderInParts(input: SlurmMetricsInput): AsyncGenerator<string> {
  const texts = new Map<object, string>()
  for (const group of slurmMetricGroups(input)) {
    await setImmediate()
    let samples = 0
    for (const metric of group) {
      yield renderMetrics([metric], texts)
      samples += metric.samples.length
      if (samples < samplesAtOnce) continue
      samples = 0
      await setImmediate()
    }
  }
}
