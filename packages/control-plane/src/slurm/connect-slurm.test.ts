import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SlurmSpec } from '@navarch/config/navarch-config'
import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { runCommand } from '@navarch/system/run-command'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectSlurm } from './connect-slurm.ts'

const capture = (name: string) =>
  readFileSync(new URL(`../../../slurm/fixtures/24.11/slurmrestd-v0.0.42-${name}.json`, import.meta.url), 'utf8')
const spec: SlurmSpec = { driver: 'rest', tokenEnv: 'SLURM_JWT', pollIntervalMs: 60_000 }
const effects = {
  clock: systemClock,
  run: runCommand,
  fetch,
  env: { SLURM_JWT: 'secret' },
  log: silentLog,
  newId: () => 'a1b2',
}

let dir: string
let server: Server | undefined
let tokens: unknown[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-rest-'))
  tokens = []
})
afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  server = undefined
  rmSync(dir, { recursive: true })
})

/** slurmrestd as far as a look needs it, with what a real one answered. */
async function serve(where: string | 0): Promise<string> {
  const answering = createServer((request, response) => {
    tokens.push(request.headers['x-slurm-user-token'])
    const name = /^\/slurm\/v0\.0\.42\/(\w+)/.exec(request.url ?? '')?.[1]
    const paths = { '/slurm/v0.0.41/nodes/': {}, '/slurm/v0.0.42/nodes/': {} }
    response.setHeader('connection', 'close').end(name ? capture(name) : JSON.stringify({ paths }))
  })
  server = answering
  await new Promise<void>((resolve) => answering.listen(where, resolve))
  const address = answering.address()
  return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : `unix:${where}`
}

describe('slurm.driver rest', () => {
  it.each(['a port', 'a socket'])(
    'looks at Slurm through slurmrestd on %s, with the token of the environment',
    async (where) => {
      const restUrl = await serve(where === 'a port' ? 0 : join(dir, 'socket'))
      const link = await connectSlurm({ ...spec, restUrl, apiVersion: 'v0.0.37' }, effects)
      const snapshot = await link?.look(60_000)
      link?.stop()
      expect(link?.source).toBe('slurmrestd')
      expect(snapshot?.version.text).toBe('24.11.7')
      expect(snapshot?.nodes.map(({ name }) => name)).toEqual(expect.arrayContaining(['n1', 'n2']))
      expect(new Set(tokens)).toEqual(new Set(['secret']))
    },
  )

  it('connects to a slurmrestd that is away, and shows that it is', async () => {
    const link = await connectSlurm({ ...spec, restUrl: `unix:${join(dir, 'nobody')}` }, effects)
    await expect(link?.look(0)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('ENOENT'),
    })
    link?.stop()
  })

  it('is not used where commands are given', async () => {
    const run = () => Promise.reject(new Error('no such program'))
    const link = await connectSlurm({ ...spec, driver: 'none' }, { ...effects, runSlurm: run })
    link?.stop()
    expect(link?.source).toBe('squeue')
    expect(await connectSlurm({ ...spec, driver: 'none' }, effects)).toBeUndefined()
  })
})
