import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packPage } from './packed-page.ts'

describe('a packed page', () => {
  it('is its text with any end, as it is and as one gzip stream', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { maxLength: 3 }),
        fc.array(text, { minLength: 1, maxLength: 3 }),
        async (body, ends) => {
          const page = await packPage(body)
          for (const end of ends) {
            const whole = Buffer.concat([...body, end].map((part) => Buffer.from(part)))
            expect(Buffer.concat(await page.withTail(end, false)).equals(whole)).toBe(true)
            expect(gunzipSync(Buffer.concat(await page.withTail(end, true))).equals(whole)).toBe(true)
          }
        },
      ),
    )
  })

  it('is small', async () => {
    const text = Array.from(
      { length: 20_000 },
      (_, n) => `slurm_node_cpu_total{node="n${n}",status="idle"} 128\n`,
    ).join('')
    const page = await packPage([text])
    expect(Buffer.concat(await page.withTail('slurm_up 1\n', true)).length).toBeLessThan(text.length / 8)
  })

  it('is none where its text cannot be made', async () => {
    async function* broken(): AsyncGenerator<string> {
      yield 'slurm_up 1\n'
      throw new Error('no figures')
    }
    await expect(packPage(broken())).rejects.toThrow('no figures')
  })
})
