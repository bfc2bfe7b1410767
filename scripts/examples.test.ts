import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig } from '@navarch/config/parse-config'
import { describe, expect, test } from 'vitest'
import { root } from './source-files.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('examples', () => {
  test.each(readdirSync(join(root, 'examples')))('%s loads without a warning', (file) => {
    const parsed = parseConfig(read(`examples/${file}`), { file, home: '/home/operator' })
    expect(parsed).toMatchObject({ config: {}, warnings: [] })
  })

  test.each([
    ['slurm-queue.yaml', 'configuration.yaml'],
    ['slurm-complete.yaml', 'complete-example.yaml'],
  ])("%s is the guide's own file", (example, fixture) => {
    expect(read(`examples/${example}`)).toBe(read(`packages/config/fixtures/${fixture}`))
  })
})
