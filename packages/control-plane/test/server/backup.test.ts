import { describe, expect, it } from 'vitest'
import { startTestServer } from './test-server.ts'

const gzip = { 'content-type': 'application/gzip' }

describe('backup and restore over REST', () => {
  it('need the rights of a change, since a backup has everything in it', async () => {
    const { url } = await startTestServer({ authToken: 'secret' })
    expect((await fetch(`${url}/api/v1/backup`)).status).toBe(401)
    expect((await fetch(`${url}/api/v1/restore`, { method: 'POST', headers: gzip, body: 'x' })).status).toBe(401)
    const { url: open } = await startTestServer()
    const passedOn = await fetch(`${open}/api/v1/backup`, { headers: { 'x-forwarded-for': '10.0.0.9' } })
    expect(passedOn.status).toBe(403)
  })

  it('send and take a file of gzip', async () => {
    const { url } = await startTestServer()
    const response = await fetch(`${url}/api/v1/backup`)
    expect(await response.text()).toBe('backup')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...gzip,
      'content-disposition': 'attachment; filename="navarch-1970-01-01T000000Z.backup.gz"',
      'cache-control': 'no-store',
    })
    const restored = await fetch(`${url}/api/v1/restore`, { method: 'POST', headers: gzip, body: 'x' })
    expect([restored.status, await restored.json()]).toEqual([
      202,
      expect.objectContaining({ id: 'r1', state: 'pending' }),
    ])
    expect(await (await fetch(`${url}/api/v1/restore`)).json()).toMatchObject({ id: 'r1', state: 'done' })
  })

  it.each([
    [{ 'content-type': 'application/json' }, 400],
    [{ 'content-type': 'text/plain' }, 415],
  ])('refuse a file that comes as %j', async (headers, status) => {
    const { url } = await startTestServer()
    const response = await fetch(`${url}/api/v1/restore`, { method: 'POST', headers, body: '{}' })
    expect(response.status).toBe(status)
  })

  it('make no backup for HEAD', async () => {
    const { url, double } = await startTestServer()
    double.services.backups.backup = () => Promise.reject(new Error('not asked for'))
    expect((await fetch(`${url}/api/v1/backup`, { method: 'HEAD' })).status).toBe(200)
  })
})
