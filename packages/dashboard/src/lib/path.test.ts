import { expect, it } from 'vitest'
import { fillPath, splitLink, withQuery } from './path.ts'

it('fills a path and its query, and leaves out what is empty', () => {
  expect(fillPath('/api/v1/nodes/:id/story', { id: 'a/b' })).toBe('/api/v1/nodes/a%2Fb/story')
  expect(withQuery('/v1/jobs', { user: 'ana b', state: '', limit: 5, node: undefined })).toBe(
    '/v1/jobs?user=ana+b&limit=5',
  )
  expect(withQuery('/v1/jobs', {})).toBe('/v1/jobs')
})

it('splits a link into what the router wants', () => {
  expect(splitLink('/nodes?q=node%3Aa%2Cb')).toEqual({ to: '/nodes', search: { q: 'node:a,b' } })
  expect(splitLink('/slurm')).toEqual({ to: '/slurm', search: {} })
})
