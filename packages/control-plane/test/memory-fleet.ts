import type { FleetNode } from '@navarch/core/node/node'
import { type Fleet, loadFleet } from '../src/fleet/fleet.ts'
import { storeOver } from '../src/store/sql/fleet-store.ts'
import { openDatabase } from '../src/store/sqlite/database.ts'

/** A fleet over a database in memory, whose disk can be said to be full. */
export async function memoryFleet(now: () => number): Promise<{ fleet: Fleet; disk: { full: boolean } }> {
  const database = openDatabase(':memory:')
  const disk = { full: false }
  const store = storeOver(':memory:', {
    async commit(statements) {
      const [error] = disk.full ? ['the disk is full'] : database.commit([statements])
      if (error !== undefined) throw new Error(error)
    },
    query: async (statement) => database.query(statement),
    close: async () => database.close(),
  })
  return { fleet: await loadFleet(store, now, () => {}), disk }
}

/** A healthy node of the pool "train", without a machine of ours. */
export function nodeDocument(id: string): FleetNode {
  return {
    id,
    pool: 'train',
    provider: 'fake',
    region: '',
    zone: '',
    instanceType: '',
    status: 'active',
    health: 'healthy',
    healthReason: '',
    recentReports: [],
    badReports: 0,
    gpus: [],
    samples: [],
    findings: [],
    hostname: id,
    internalIp: '',
    externalIp: '',
    kernelVersion: '',
    labels: {},
    agentVersion: '',
    bootId: '',
    createdAt: 0,
  }
}
