import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../test/manual-clock.ts'
import { createRestCall, type RestFetch, type RestOptions } from './rest-call.ts'

const answering =
  (status: number, text: string): RestFetch =>
  async () => ({ status, text: async () => text })
const call = (fetch: RestFetch, options: Partial<RestOptions> = {}) =>
  createRestCall({ url: 'http://slurm:6820/', fetch, clock: createManualClock(), ...options })

describe('a call of slurmrestd', () => {
  it('sends the token as it is at that moment, and JSON', async () => {
    const seen: unknown[] = []
    let token: string | undefined = 'one'
    const fetch: RestFetch = async (url, options) => {
      seen.push([url, options?.method, options?.headers, options?.body])
      return { status: 200, text: async () => '{}' }
    }
    const post = call(fetch, { token: () => token, user: 'root' })
    await post('POST', '/slurm/v0.0.42/node/n1', { state: ['DRAIN'] })
    token = undefined
    await post('GET', '/openapi')
    const accept = { accept: 'application/json', 'x-slurm-user-name': 'root' }
    expect(seen).toEqual([
      [
        'http://slurm:6820/slurm/v0.0.42/node/n1',
        'POST',
        { ...accept, 'content-type': 'application/json', 'x-slurm-user-token': 'one' },
        '{"state":["DRAIN"]}',
      ],
      ['http://slurm:6820/openapi', 'GET', accept, undefined],
    ])
  })

  it('names the user that the token is made for', async () => {
    const names: (string | undefined)[] = []
    const fetch: RestFetch = async (_url, options) => {
      names.push(options?.headers?.['x-slurm-user-name'])
      return { status: 200, text: async () => '{}' }
    }
    const made = `e30.${btoa('{"exp":1795266714,"iat":1795263114,"sun":"ada"}')}.x`
    for (const token of [made, 'no token of Slurm', 'a.e30.b', undefined])
      await call(fetch, { token: () => token })('GET', '/')
    expect(names).toEqual(['ada', undefined, undefined, undefined])
  })

  it('ends at its deadline, and ends the request', async () => {
    const clock = createManualClock()
    let aborted = false
    const fetch: RestFetch = (_url, options) =>
      new Promise((_resolve, reject) => {
        options?.signal?.addEventListener('abort', () => {
          aborted = true
          reject(new Error('aborted'))
        })
      })
    const answer = expect(call(fetch, { clock, deadlineMs: 3000 })('GET', '/openapi')).rejects.toMatchObject({
      name: 'SlurmError',
      code: 'timeout',
      message: 'GET http://slurm:6820/openapi: no answer within 3000 ms',
    })
    await clock.advance(3000)
    await answer
    expect(aborted).toBe(true)
  })

  it('says that nobody is there', async () => {
    const refused = Object.assign(new TypeError('fetch failed'), {
      cause: new Error('connect ECONNREFUSED 10.0.0.1:6820'),
    })
    await expect(call(() => Promise.reject(refused))('GET', '/openapi')).rejects.toMatchObject({
      code: 'unreachable',
      message: 'GET http://slurm:6820/openapi: connect ECONNREFUSED 10.0.0.1:6820',
    })
  })

  it.each([
    [401, 'Authentication failure', 'permission'],
    [500, '{"errors":[{"error":"Invalid node name specified","errno":2018}]}', 'not-found'],
    [404, 'Unable find requested URL. Please view /openapi/v3 for API reference.', 'not-found'],
    [500, '{"errors":[{"description":"Failure to update node n1","error":"Invalid node state specified"}]}', 'refused'],
    [500, '{"errors":[{"error":"Unable to contact slurm controller (connect failure)"}]}', 'unreachable'],
    [502, '<html>', 'failed'],
  ])('tells what status %d with %s means', async (status, text, code) => {
    await expect(call(answering(status, text))('GET', '/x')).rejects.toMatchObject({ name: 'SlurmError', code })
  })
})
