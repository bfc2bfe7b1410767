import { type Fields, optionalNumber, optionalText, requiredText, textList, withoutUndefined } from './fields.ts'
import { type FreeText, fieldsOf, parseKeyValueRecords } from './key-value.ts'
import { parseTimestamp } from './timestamp.ts'
import { parseTres, type Tres } from './tres.ts'

/** A reservation. Times are ms since the epoch. */
export interface ReservationRecord {
  name: string
  /** "ACTIVE" or "INACTIVE". */
  state: string
  startTime?: number
  endTime?: number
  /** As a hostlist; empty when it has none. */
  nodes: string
  nodeCount: number
  coreCount?: number
  features?: string
  partition?: string
  /** e.g. "MAINT", "IGNORE_JOBS", "SPEC_NODES". */
  flags: readonly string[]
  users: readonly string[]
  groups: readonly string[]
  accounts: readonly string[]
  licenses?: string
  comment?: string
  tres: Tres
}

/** Keys of a reservation that hold people's text, and what Slurm prints after them. */
export const reservationFreeText: FreeText = { Comment: [] }

/**
 * Reads `scontrol show reservation`, with or without `-o`, run with `TZ=UTC`.
 * @throws SlurmParseError
 */
export function parseReservations(text: string): ReservationRecord[] {
  if (/^No reservations in the system\s*$/.test(text)) return []
  return parseKeyValueRecords(text, 'ReservationName', reservationFreeText).map((record) =>
    reservationRecord(fieldsOf(record)),
  )
}

/**
 * A reservation from the keys of its record.
 * @throws SlurmParseError
 */
export function reservationRecord(fields: Fields): ReservationRecord {
  return withoutUndefined<ReservationRecord>({
    name: requiredText(fields, 'ReservationName'),
    state: requiredText(fields, 'State'),
    startTime: parseTimestamp(fields['StartTime'] ?? ''),
    endTime: parseTimestamp(fields['EndTime'] ?? ''),
    nodes: optionalText(fields, 'Nodes') ?? '',
    nodeCount: optionalNumber(fields, 'NodeCnt') ?? 0,
    coreCount: optionalNumber(fields, 'CoreCnt'),
    features: optionalText(fields, 'Features'),
    partition: optionalText(fields, 'PartitionName'),
    flags: textList(fields, 'Flags'),
    users: textList(fields, 'Users'),
    groups: textList(fields, 'Groups'),
    accounts: textList(fields, 'Accounts'),
    licenses: optionalText(fields, 'Licenses'),
    comment: optionalText(fields, 'Comment'),
    tres: parseTres(fields['TRES'] ?? ''),
  })
}
