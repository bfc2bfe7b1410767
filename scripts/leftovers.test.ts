import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { endLeftovers, findLeftovers, runMark } from './leftovers.ts'

describe.skipIf(process.platform !== 'linux')(
  `leftovers${process.platform === 'linux' ? '' : ' (skipped: no Linux)'}`,
  () => {
    test('are found by their mark, even when they left their parent, and killed', async () => {
      const id = `leftovers-test-${process.pid}`
      const parent = spawn('sh', ['-c', 'setsid sleep 61 & echo started'], { env: { ...process.env, [runMark]: id } })
      await once(parent.stdout, 'data')
      await expect.poll(async () => (await findLeftovers(id)).map(({ command }) => command)).toContain('sleep 61')
      expect((await endLeftovers(id, 0)).map(({ command }) => command)).toContain('sleep 61')
      await expect.poll(() => findLeftovers(id)).toEqual([])
    })

    test('of another run are not ours', async () => {
      expect(await findLeftovers('no-such-run')).toEqual([])
    })
  },
)
