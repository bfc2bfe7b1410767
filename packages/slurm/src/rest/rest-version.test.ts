import { describe, expect, it } from 'vitest'
import { chooseApi, parseMeta } from './rest-version.ts'

const document = (...paths: string[]) =>
  JSON.stringify({ paths: Object.fromEntries(paths.map((path) => [path, { get: {}, post: {} }])) })

describe('chooseApi', () => {
  const both = document('/slurm/v0.0.37/nodes', '/slurm/v0.0.38/nodes', '/slurmdb/v0.0.38/job/{job_id}', '/openapi')

  it('takes the named version where it is served, else the newest that is known', () => {
    expect(chooseApi(both, 'v0.0.37').api).toBe('v0.0.37')
    expect(chooseApi(both, 'v0.0.44').api).toBe('v0.0.38')
    expect(chooseApi(both, undefined).api).toBe('v0.0.38')
    const newer = document('/slurm/v0.0.45/nodes/', '/slurm/v0.0.99/nodes/')
    expect(chooseApi(newer, 'v0.0.37').api).toBe('v0.0.45')
    expect(chooseApi(newer, 'v0.0.99').api).toBe('v0.0.45')
  })

  it('refuses a slurmrestd without a version that is known, and names what there is', () => {
    expect(() => chooseApi(document('/slurm/v0.0.99/nodes/'), undefined)).toThrow('serves v0.0.99; v0.0.36 to v0.0.45')
    expect(() => chooseApi(document('/openapi'), undefined)).toThrow('serves no version of its own')
    expect(() => chooseApi('<html>', undefined)).toThrow('not JSON')
  })

  it('knows what a version can do, with and without a slash at the end', () => {
    const { serves, accounting } = chooseApi(both, 'v0.0.37')
    expect([serves('post', '/nodes'), serves('delete', '/nodes'), serves('get', '/conf'), accounting]).toEqual([
      true,
      false,
      false,
      false,
    ])
    expect(chooseApi(both, 'v0.0.38').accounting).toBe(true)
    expect(chooseApi(document('/slurm/v0.0.45/new/node/'), undefined).serves('post', '/new/node')).toBe(true)
  })
})

it('reads the release and the cluster, before 0.0.39 too', () => {
  expect(parseMeta('{"meta":{"Slurm":{"release":"22.05.8"}}}')).toMatchObject({ version: { major: 22, minor: 5 } })
  expect(parseMeta('{"meta":{"slurm":{"release":"24.11.5","cluster":"lab"}}}')).toMatchObject({
    version: { text: '24.11.5' },
    cluster: 'lab',
  })
  expect(() => parseMeta('{}')).toThrow('no version of Slurm')
})
