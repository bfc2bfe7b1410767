import { withoutUndefined } from '../fields.ts'
import type { ReservationRecord } from '../reservation-record.ts'
import { parseTres } from '../tres.ts'
import { numberOf, parseJsonList, requiredTextOf, textOf, timeOf, wordsOf } from './json-value.ts'

/**
 * Reads reservations from slurmrestd's `/reservations` of data parsers 0.0.36 to 0.0.45, which do not tell their state:
 * it is derived from `now`.
 * @param now ms since the epoch
 * @throws SlurmParseError, SlurmError
 */
export function parseReservationsJson(text: string, now: number): ReservationRecord[] {
  return parseJsonList(text, 'reservations').map((reservation) => {
    const startTime = timeOf(reservation, 'start_time')
    const endTime = timeOf(reservation, 'end_time')
    const active = (startTime ?? 0) <= now && now < (endTime ?? Number.POSITIVE_INFINITY)
    return withoutUndefined<ReservationRecord>({
      name: requiredTextOf(reservation, 'name'),
      state: active ? 'ACTIVE' : 'INACTIVE',
      startTime,
      endTime,
      nodes: textOf(reservation, 'node_list') ?? '',
      nodeCount: numberOf(reservation, 'node_count') ?? 0,
      coreCount: numberOf(reservation, 'core_count'),
      features: textOf(reservation, 'features'),
      partition: textOf(reservation, 'partition'),
      flags: wordsOf(reservation, 'flags'),
      users: wordsOf(reservation, 'users'),
      groups: wordsOf(reservation, 'groups'),
      accounts: wordsOf(reservation, 'accounts'),
      licenses: textOf(reservation, 'licenses'),
      comment: textOf(reservation, 'comment'),
      tres: parseTres(textOf(reservation, 'tres') ?? ''),
    })
  })
}
