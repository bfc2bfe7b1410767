import type { AlertJson, AlertReceiverJson, SilenceJson } from '@navarch/api/alerts'
import type { JobListJson } from '@navarch/api/jobs'
import type { NodeJson, OperationJson, PoolJson } from '@navarch/api/rest'
import type { Command } from 'commander'
import { createClient } from '../client.ts'
import type { Io } from '../io.ts'
import { printable } from '../output/table.ts'
import { resolveSettings } from '../settings.ts'
import { type Candidate, type Completion, complete } from './candidates.ts'

/** Nobody waits longer than this for a name. */
const timeout = '2s'

/**
 * `navarch __complete WORD...`: what may come next, one `word<TAB>description` a line, or `:files` for names of files.
 * A control plane that does not answer, or refuses, has no names; nothing is ever printed about it.
 */
export async function printCandidates(program: Command, line: readonly string[], io: Io): Promise<void> {
  const completion = complete(program, line)
  if (completion.expected.kind === 'files') {
    io.stdout.write(':files\n')
    return
  }
  const candidates = await find(completion, io).catch((): Candidate[] => [])
  const matching = candidates.filter(({ word }) => word.startsWith(completion.prefix))
  io.stdout.write(matching.map(({ word, description }) => `${printable(word)}\t${printable(description)}\n`).join(''))
}

async function find({ expected, flags }: Completion, io: Io): Promise<Candidate[]> {
  if (expected.kind === 'words') return expected.candidates
  const { server, authToken } = flags
  const settings = await resolveSettings({ ...(server && { server }), ...(authToken && { authToken }), timeout }, io)
  if (settings.insecure) io.trustAnyCertificate()
  const client = createClient(settings, io)
  switch (expected.kind) {
    case 'nodes':
      return (await client.list<NodeJson>('nodes')).map(({ id, status }) => ({ word: id, description: status }))
    case 'pools':
      return (await client.list<PoolJson>('pools')).map(({ name, provider }) => ({ word: name, description: provider }))
    case 'operations':
      return (await client.list<OperationJson>('operations', { all: 'true' })).map((operation) => ({
        word: operation.id,
        description: `${operation.kind} ${operation.node || operation.pool}, ${operation.state}`,
      }))
    case 'jobs':
      return (await client.get<JobListJson>('jobs', {}, { limit: 200 })).jobs.map(({ id, user, state }) => ({
        word: id,
        description: `${user}, ${state}`,
      }))
    case 'alerts':
      return (await client.list<AlertJson>('alerts', { state: 'firing' })).map(({ id, summary }) => ({
        word: id,
        description: summary,
      }))
    case 'silences':
      return (await client.list<SilenceJson>('alertSilences')).map(({ id, reason }) => ({
        word: id,
        description: reason,
      }))
    case 'receivers':
      return (await client.list<AlertReceiverJson>('alertReceivers')).map(({ name, type }) => ({
        word: name,
        description: type,
      }))
    case 'files':
      return []
  }
}
