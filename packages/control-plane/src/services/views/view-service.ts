import type {
  ActivityJson,
  FleetHistoryJson,
  NodeStoryJson,
  OverviewJson,
  PoolHistoryJson,
  QueueJson,
  SearchHitJson,
  SlurmViewJson,
} from '@navarch/api/views'
import type { FleetFeed } from './fleet-feed.ts'

export interface ActivityFilter {
  hours: number
  pool?: string
  node?: string
}

export interface QueueFilter {
  partition?: string
  user?: string
  account?: string
  /** A kind, or Slurm's own word. */
  reason?: string
}

/** What the dashboard's pages are made of. All throw only `ServiceError`. */
export interface ViewService {
  overview(): Promise<OverviewJson>
  activity(filter: ActivityFilter): Promise<ActivityJson[]>
  /** The fleet's rows, whole and as they change. */
  fleet: FleetFeed
  nodeStory(id: string, hours: number): Promise<NodeStoryJson>
  poolHistory(pool: string, hours: number): Promise<PoolHistoryJson>
  history(hours: number): Promise<FleetHistoryJson>
  queue(filter: QueueFilter): Promise<QueueJson>
  slurm(): Promise<SlurmViewJson>
  search(text: string, limit: number): Promise<SearchHitJson[]>
}
