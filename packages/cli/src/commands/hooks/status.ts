import { hostname } from 'node:os'
import type { Finding } from '@navarch/hooks/finding'
import { hooksStatus as checkHooks } from '@navarch/hooks/status'
import { exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import { printDocument } from '../../output/print.ts'
import type { Tone } from '../../output/style.ts'
import { type Column, renderTable } from '../../output/table.ts'
import { type HooksOptions, hooksContext, withHooks } from './hooks-context.ts'

/** `navarch hooks status`: everything that job observability rests on here; 1 when something is broken. */
export async function hooksStatus(context: CommandContext, options: HooksOptions): Promise<number> {
  const { io } = context
  const node = io.env['SLURMD_NODENAME'] ?? hostname().split('.')[0] ?? ''
  const outside = { fetch: io.fetch, now: io.clock.now(), node }
  const found = await withHooks(() => checkHooks(hooksContext(context, options), outside))
  const broken = found.some(({ state }) => state === 'broken')
  await printDocument(context, { ok: !broken, findings: found }, () => {
    const remedies = found.flatMap(({ check, remedy }) => (remedy === undefined ? [] : [`${check}: ${remedy}\n`]))
    const table = renderTable(columns, found, context.table())
    return `${table}${remedies.length > 0 ? `\nWhat to do:\n  ${remedies.join('  ')}` : ''}`
  })
  return broken ? exitCodes.failed : exitCodes.ok
}

const tones: Record<Finding['state'], Tone> = { ok: 'good', warning: 'warning', broken: 'bad', unknown: 'unknown' }

const columns: Column<Finding>[] = [
  { header: 'STATE', cell: ({ state }) => ({ text: state, tone: tones[state] }) },
  { header: 'CHECK', cell: ({ check }) => check },
  { header: 'FOUND', cell: ({ text }) => text },
]
