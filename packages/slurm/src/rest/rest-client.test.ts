import { describe, expect, it } from 'vitest'
import { type Release, rawCapture } from '../../test/captures.ts'
import { createManualClock } from '../../test/manual-clock.ts'
import type { RestFetch } from './rest-call.ts'
import { createSlurmRestClient } from './rest-client.ts'

type Answer = [status: number, body: string]

/** Answers from the captures of a release, or by `override` where that gives something. */
function replay(release: Release, api: string, override: (call: string) => Answer | undefined = () => undefined) {
  const calls: string[] = []
  const capture = (name: string): Answer => [200, rawCapture(release, `slurmrestd-${api}-${name}.json`)]
  const answer = (path: string): Answer => {
    const name = /\/(nodes|jobs|partitions|diag|ping)(?:\?|$)/.exec(path)?.[1]
    if (name) return capture(name)
    const number = Number(api.slice(5))
    const operations = number < 39 ? { get: {} } : { get: {}, post: {}, delete: {} }
    if (path === '/openapi')
      return [
        200,
        JSON.stringify({
          paths: {
            [`/slurm/${api}/node/{node_name}`]: operations,
            ...(number < 45 ? {} : { [`/slurm/${api}/conf`]: { get: {} } }),
            [`/slurmdb/${api}/job/{job_id}`]: { get: {} },
          },
        }),
      ]
    return [404, 'Unable find requested URL. Please view /openapi/v3 for API reference.']
  }
  const fetch: RestFetch = async (url, options) => {
    const path = url.replace('http://slurm:6820', '')
    const call = `${options?.method} ${path}`
    calls.push(call)
    const [status, body] = override(call) ?? answer(path)
    return { status, text: async () => body }
  }
  return { calls, client: createSlurmRestClient({ url: 'http://slurm:6820', fetch, clock: createManualClock() }) }
}

const versions: [Release, string][] = [
  ['22.05', 'v0.0.37'],
  ['23.11', 'v0.0.40'],
  ['24.11', 'v0.0.42'],
  ['25.11', 'v0.0.44'],
  ['26.05', 'v0.0.45'],
]

describe.each(versions)('the REST driver on slurmrestd of %s, %s', (release, api) => {
  it('reads a whole cluster, ended jobs apart, and negotiates once', async () => {
    const { client, calls } = replay(release, api)
    const [one, two] = await Promise.all([client.snapshot(), client.snapshot()])
    expect(one).toBe(two)
    await client.snapshot()
    expect(calls.filter((call) => call === 'GET /openapi')).toHaveLength(1)
    expect(one.version.text).toMatch(new RegExp(`^${release}`))
    expect(one.problems).toEqual([])
    expect(one.nodes.map(({ name }) => name)).toEqual(expect.arrayContaining(['n1', 'n2', 'n3', 'n4']))
    expect(one.finished.find(({ name }) => name === 'ok')).toMatchObject({ state: 'COMPLETED', exit: { status: 0 } })
    expect(one.jobs.every(({ exit }) => exit === undefined)).toBe(true)
    expect(one.diag?.jobsSubmitted).toBeGreaterThan(0)
  })
})

describe('the REST driver', () => {
  it('shows one bad record, and survives without diagnosis', async () => {
    const nodes = JSON.parse(rawCapture('24.11', 'slurmrestd-v0.0.42-nodes.json'))
    nodes.nodes[0].cpus = 'many'
    const { client } = replay('24.11', 'v0.0.42', (call) => {
      if (call.includes('/nodes')) return [200, JSON.stringify(nodes)]
      return call.includes('/diag') ? [500, 'sorry'] : undefined
    })
    const snapshot = await client.snapshot()
    expect(snapshot.problems.map(({ kind }) => kind).toSorted()).toEqual(['diag', 'node'])
    expect(snapshot.nodes).toHaveLength(nodes.nodes.length - 1)
  })

  it('asks again what is served after a failure, since Slurm may have been upgraded', async () => {
    let down = true
    const { client, calls } = replay('24.11', 'v0.0.42', (call) =>
      down && call.includes('/jobs')
        ? [500, '{"errors":[{"error":"Unable to contact slurm controller (connect failure)"}]}']
        : undefined,
    )
    await expect(client.snapshot()).rejects.toMatchObject({ code: 'unreachable' })
    down = false
    await client.snapshot()
    expect(calls.filter((call) => call === 'GET /openapi')).toHaveLength(2)
  })

  it('refuses what its slurmrestd cannot do, and says what can', async () => {
    const { client, calls } = replay('22.05', 'v0.0.37')
    const drain = client.updateNode('n1', { state: 'DRAIN', reason: 'x' })
    await expect(drain).rejects.toMatchObject({
      code: 'refused',
      message: 'slurmrestd v0.0.37 of Slurm 22.05.8 cannot change nodes: set slurm.driver to cli',
    })
    await expect(client.createNode('n9', { State: 'CLOUD' })).rejects.toMatchObject({ code: 'refused' })
    await expect(client.setAdminComment(7, 'x')).rejects.toMatchObject({ code: 'refused' })
    expect(calls.filter((call) => !call.startsWith('GET'))).toEqual([])
  })

  it('does not know the topology, which no slurmrestd tells', async () => {
    expect(await replay('24.11', 'v0.0.42').client.topology()).toBeUndefined()
  })

  it('asks for nothing for names that could mean something else', async () => {
    const { client, calls } = replay('24.11', 'v0.0.42')
    for (const name of ['../jobs', 'a b', '', 'n1?x=1'])
      await expect(client.showNode(name)).rejects.toMatchObject({ code: 'refused' })
    expect(calls.every((call) => call === 'GET /openapi' || call.endsWith('/ping'))).toBe(true)
  })

  it('reads the configuration where it is told, and else the little that answers tell', async () => {
    const whole = replay('26.05', 'v0.0.45', (call) =>
      call.endsWith('/conf') ? [200, rawCapture('26.05', 'rest-v0.0.45-conf.json')] : undefined,
    )
    expect(await whole.client.showConfig()).toMatchObject({
      clusterName: 'test',
      maxNodeCount: 16,
      resumeProgram: '/bin/true',
      controllers: [{ host: 'ctl', address: '127.0.0.1' }],
      configless: false,
    })
    expect(await replay('24.11', 'v0.0.42').client.showConfig()).toMatchObject({ clusterName: 'lab' })
    expect(await replay('22.05', 'v0.0.37').client.showConfig()).toMatchObject({
      clusterName: 'lab',
      version: '22.05.8',
    })
  })

  it('knows a job that accounting does not have, however it says so', async () => {
    for (const [release, api] of versions.filter(([name]) => ['22.05', '24.11', '26.05'].includes(name))) {
      const { client } = replay(release, api, (call) => {
        if (call.endsWith('/job/9999')) return [200, rawCapture(release, `slurmdb-${api}-nothing.json`)]
        return call.endsWith('/job/20') ? [200, rawCapture(release, `slurmdb-${api}-job-20.json`)] : undefined
      })
      const runs = await client.accountedJobs([9999, 20])
      expect(runs.map(({ id, restarts }) => [id, restarts])).toEqual([
        [20, 0],
        [20, 1],
      ])
    }
  })
})
