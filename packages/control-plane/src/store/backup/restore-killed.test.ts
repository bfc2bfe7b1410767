import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { titleOf } from '../../../test/postgres.ts'
import { contentOf, engines, event, fileOf, fill, missingOf, type Place, useStores } from '../../../test/stores.ts'

const { dir, makePlace, open } = useStores()

describe.each(engines)('a restore that is killed', { timeout: 120_000 }, (engine) => {
  const missing = missingOf(engine)
  it.skipIf(missing !== undefined)(
    missing === undefined ? `leaves the old state or the new one in ${engine}` : titleOf(engine),
    async () => {
      const source = await open(await makePlace('sqlite'))
      await fill(source)
      for (let seq = 41; seq <= 8_040; seq += 1000) {
        await source.fleet.commit(Array.from({ length: 1000 }, (_, index) => event(seq + index)))
      }
      const file = join(dir(), 'file.gz')
      writeFileSync(file, await fileOf(source))
      const fresh = await contentOf(source)

      /** @returns which state is there afterwards, and how many signs of life there were */
      const trial = async (killAfter: number): Promise<{ state: 'old' | 'new'; signs: number }> => {
        const place = await makePlace(engine)
        const stores = await open(place)
        await stores.fleet.commit([{ kind: 'pool', memory: { pool: 'old', quarantine: [] } }])
        const old = await contentOf(stores)
        await stores.close()
        const signs = await restoreAndKill({ ...place, file }, killAfter)
        const after = await open(place)
        const content = await contentOf(after)
        await after.close()
        const state = content.length === old.length ? 'old' : 'new'
        expect(content).toEqual(state === 'old' ? old : fresh)
        return { state, signs }
      }

      const whole = await trial(Number.POSITIVE_INFINITY)
      expect(whole.state).toBe('new')
      expect((await trial(1)).state).toBe('old')
      for (const part of [0.25, 0.5, 0.75, 0.9]) await trial(Math.ceil(whole.signs * part))
    },
  )
})

/**
 * Restores in a process of its own, which gives a sign of life every now and then, and kills it at one of them.
 * @returns how many it gave
 */
async function restoreAndKill(work: Place & { file: string }, killAfter: number): Promise<number> {
  const script = join(import.meta.dirname, '../../../test/restore-process.ts')
  const child = spawn(process.execPath, [script, JSON.stringify(work)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let signs = 0
  child.stdout.on('data', (chunk: Buffer) => {
    signs += chunk.toString().split('\n').length - 1
    if (signs >= killAfter) child.kill('SIGKILL')
  })
  await ended
  return signs
}
