import type { SlurmDetails } from '@navarch/slurm/details'
import type { Metric, MetricSample } from '../exposition.ts'
import { gauge } from './make-metrics.ts'

/** Shares of accounts and reservations; of what is not known there is no series. */
export function detailMetrics(details: SlurmDetails | undefined): Metric[] {
  const shares = details?.shares ?? []
  const reservations = details?.reservations ?? []
  const share = (name: string, help: string, key: 'fairShare' | 'normalizedShares' | 'effectiveUsage') =>
    gauge(
      name,
      help,
      shares.flatMap((account) => {
        const value = account[key]
        return value === undefined ? [] : [{ labels: { account: account.account }, value }]
      }),
    )
  const reservation = (name: string, help: string, value: (one: (typeof reservations)[number]) => number | undefined) =>
    gauge(
      `slurm_reservation_${name}`,
      help,
      reservations.flatMap((one): MetricSample[] => {
        const found = value(one)
        return found === undefined ? [] : [{ labels: { reservation: one.name }, value: found }]
      }),
    )
  return [
    share('slurm_account_fairshare', 'Fair-share factor of the account, by sshare.', 'fairShare'),
    share(
      'slurm_account_shares_ratio',
      'Share of the cluster that the account is promised, 0 to 1.',
      'normalizedShares',
    ),
    share('slurm_account_usage_ratio', "Share of the cluster's usage that is the account's, 0 to 1.", 'effectiveUsage'),
    reservation('active', '1 while the reservation is active.', ({ state }) => Number(state === 'ACTIVE')),
    reservation('nodes_total', 'Nodes of the reservation.', ({ nodeCount }) => nodeCount),
    reservation('start_timestamp_seconds', 'When the reservation starts.', ({ startTime }) => seconds(startTime)),
    reservation('end_timestamp_seconds', 'When the reservation ends.', ({ endTime }) => seconds(endTime)),
  ]
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}
