import type { SilenceJson } from '@navarch/api/alerts'
import { type Matcher, matches, silenceState } from '@navarch/core/alert/silence'
import type { AlertLedger } from '../alerts/alert-state.ts'
import { silenceJson } from './alert-json.ts'
import { time } from './render.ts'
import { ServiceError } from './service-error.ts'

export interface NewSilence {
  matchers: readonly Matcher[]
  reason: string
  /** ms since the epoch. */
  startsAt: number
  endsAt: number
}

export interface SilenceKeeperDeps {
  ledger: AlertLedger
  wake: () => void
  now: () => number
  newId: () => string
}

/** Mutes what matches for a time, and keeps who did so and why. */
export interface SilenceKeeper {
  list(all: boolean): SilenceJson[]
  get(id: string): SilenceJson
  add(silence: NewSilence, by: string): Promise<SilenceJson>
  end(id: string, by: string): Promise<SilenceJson>
}

/** More silences than these are no silences that a person made. */
const mostSilences = 1_000

export function createSilenceKeeper({ ledger, wake, now, newId }: SilenceKeeperDeps): SilenceKeeper {
  const find = (id: string) => {
    const silence = ledger.state().silences.get(id)
    if (!silence) throw new ServiceError('not_found', `no silence ${id}`)
    return silence
  }
  const get = (id: string): SilenceJson => {
    const silence = find(id)
    const active = silenceState(silence, now()) === 'active'
    const muted = active ? [...ledger.state().open.values()].filter((alert) => matches(silence.matchers, alert)) : []
    return silenceJson(silence, muted.length, now())
  }
  const lasting = () => [...ledger.state().silences.values()].filter((each) => silenceState(each, now()) !== 'over')

  return {
    list: (all) =>
      (all ? [...ledger.state().silences.values()] : lasting())
        .sort((a, b) => b.createdAt - a.createdAt)
        .map(({ id }) => get(id)),
    get,
    async add({ matchers, reason, startsAt, endsAt }, by) {
      const at = now()
      if (endsAt <= Math.max(startsAt, at)) {
        throw new ServiceError('invalid', 'body: ends_at must be later than now and starts_at')
      }
      if (lasting().length >= mostSilences) {
        throw new ServiceError('conflict', `there are ${mostSilences} silences already: end some`)
      }
      const silence = { id: newId(), matchers, reason, by, createdAt: at, startsAt, endsAt }
      await ledger.change(() => ({
        changes: [
          { kind: 'alert-silence', silence },
          {
            kind: 'alert-event',
            event: { ...noAlert(at), event: 'silenced', text: `until ${time(endsAt)}: ${reason}`, by },
          },
        ],
        result: undefined,
      }))
      wake()
      return get(silence.id)
    },
    async end(id, by) {
      const at = now()
      await ledger.change(({ silences }) => {
        const silence = silences.get(id)
        if (!silence) throw new ServiceError('not_found', `no silence ${id}`)
        if (silenceState(silence, at) === 'over') {
          throw new ServiceError('conflict', `silence ${id} is over already: it ended at ${time(silence.endsAt)}`)
        }
        const ended = { ...silence, endsAt: at, startsAt: Math.min(silence.startsAt, at) }
        const event = { ...noAlert(at), event: 'unsilenced' as const, text: silence.reason, by }
        return {
          changes: [
            { kind: 'alert-silence', silence: ended },
            { kind: 'alert-event', event },
          ],
          result: undefined,
        }
      })
      wake()
      return get(id)
    },
  }
}

/** A line of the history that is about no alert of its own. */
function noAlert(at: number) {
  return { at, alert: '', ruleId: '', rule: '', severity: 'info' as const, labels: {}, value: null }
}
