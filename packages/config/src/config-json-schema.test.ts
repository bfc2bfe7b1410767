import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { configJsonSchema, configJsonSchemaText } from './config-json-schema.ts'

const fixtures = new URL('../fixtures/', import.meta.url)
const files = readdirSync(fixtures).filter((file) => file.endsWith('.yaml'))

describe('the JSON Schema', () => {
  const schema = z.fromJSONSchema(configJsonSchema())

  it('is the committed navarch-config.schema.json; `node src/generate-schema.ts` writes it', () => {
    const committed = readFileSync(new URL('../navarch-config.schema.json', import.meta.url), 'utf8')
    expect(committed).toBe(configJsonSchemaText())
  })

  it.each(files)('accepts %s', (file) => {
    const document: unknown = parse(readFileSync(new URL(file, fixtures), 'utf8'))
    expect(schema.safeParse(document).error).toBeUndefined()
  })

  it.each([
    ['an unknown key', { serve: {} }],
    ['an unknown key of a pool', { pools: [{ name: 'a', provider: 'fake', helth: {} }] }],
    ['a number for a duration', { server: { heartbeat_interval: 30 } }],
    ['an unknown autoscaler', { pools: { a: { autoscaling: { type: 'queu' } } } }],
    [
      'an unknown autoscaler inside another',
      {
        pools: { a: { autoscaling: { type: 'composite', autoscalers: [{ type: 'queu' }] } } },
      },
    ],
    ['a provider without a type that its name does not imply', { providers: { cloud: {} } }],
    ['a key of another type of provider', { providers: { fake: { hosts: [] } } }],
  ])('refuses %s', (_, document) => {
    expect(schema.safeParse(document).success).toBe(false)
  })

  it('wants the name of a pool where pools are a list', () => {
    expect(configJsonSchema()['properties']).toMatchObject({
      pools: { anyOf: [{ type: 'array', items: { $ref: '#/$defs/pool', required: ['name'] } }, { type: 'object' }] },
    })
  })

  it('describes every key', () => {
    const undescribed: string[] = []
    const visit = (value: unknown, path: string) => {
      if (typeof value !== 'object' || value === null) return
      for (const [key, child] of Object.entries(value)) {
        if (key === 'properties' && !path.endsWith('/providers')) {
          for (const [name, property] of Object.entries(child)) {
            const described = typeof property === 'object' && property !== null && 'description' in property
            if (!described) undescribed.push(`${path}/${name}`)
          }
        }
        visit(child, `${path}/${key}`)
      }
    }
    visit(configJsonSchema(), '')
    expect(undescribed).toEqual([])
  })
})
