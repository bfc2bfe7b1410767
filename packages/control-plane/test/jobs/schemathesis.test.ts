import { execFile } from 'node:child_process'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { jobStoreEngines, openJobStore } from '../job-stores.ts'
import { startJobsServer } from './jobs-server.ts'

const run = promisify(execFile)
const timeoutMs = 180_000

/**
 * Schemathesis (https://schemathesis.readthedocs.io, `pip install schemathesis`) sends what the description allows, and what it
 * does not, to the running API. NAVARCH_SCHEMATHESIS names the program where it is not in the PATH.
 */
async function findSchemathesis(): Promise<string | undefined> {
  const { PATH = '', NAVARCH_SCHEMATHESIS: named } = process.env
  const places = named ? [named] : PATH.split(delimiter).map((folder) => join(folder, 'schemathesis'))
  for (const place of places) {
    const there = await access(place).then(
      () => true,
      () => false,
    )
    if (there) return place
  }
  return undefined
}

const schemathesis = await findSchemathesis()

describe.each(jobStoreEngines)('the running API on $title', ({ missing, start, stop, makePlace, removePlace }) => {
  it('does what its description says, as Schemathesis finds', { timeout: timeoutMs }, async (context) => {
    if (schemathesis === undefined) return context.skip('schemathesis is not installed: pip install schemathesis')
    if (missing !== undefined) return context.skip(missing)
    await start()
    const place = await makePlace()
    const store = await openJobStore(place)
    const folder = await mkdtemp(join(tmpdir(), 'navarch-schemathesis-'))
    try {
      const { url, get } = await startJobsServer({ deps: { store } })
      const options = ['--checks', 'all', '--max-examples', '30', '--continue-on-failure', '--no-color', '--seed', '4']
      const { stdout } = await run(schemathesis, ['run', `${url}/openapi.json`, ...options], {
        timeout: timeoutMs,
        maxBuffer: 64 * 2 ** 20,
        // It leaves what it found where it runs.
        cwd: folder,
      }).catch((error: { stdout?: string; message: string }) => ({ stdout: error.stdout || error.message }))
      expect(stdout).toContain('No issues found')
      expect((await get('/v1/health')).body).toMatchObject({ status: 'healthy' })
    } finally {
      await rm(folder, { recursive: true })
      await store.close()
      await removePlace(place)
      await stop()
    }
  })
})
