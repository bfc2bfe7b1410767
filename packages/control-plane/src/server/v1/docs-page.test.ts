import { expect, test } from 'vitest'
import { docsPage } from './docs-page.ts'

const page = (description: string) =>
  docsPage({
    openapi: '3.1.0',
    info: { title: 'API', version: '1', description },
    tags: [{ name: 'jobs', description }],
    paths: {
      '/v1/jobs/{id}': {
        get: {
          tags: ['jobs'],
          summary: description,
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', description } }],
          responses: { 200: { description } },
        },
      },
    },
    components: { schemas: { Job: { description, properties: { id: { type: 'string', description } } } } },
  }).html

test('what is code in a description is code on the page, wherever it stands', () => {
  const html = page('A job id, `812` or `slurm-812`.')
  expect(html.split('A job id, <code>812</code> or <code>slurm-812</code>.')).toHaveLength(8)
  expect(html).not.toContain('`')
})

test('nothing of a description becomes markup', () => {
  const html = page('below `<b>` & <script>')
  expect(html).toContain('below <code>&lt;b&gt;</code> &amp; &lt;script&gt;')
  expect(html).not.toMatch(/<script|<b>/)
})

test('a backtick without its like stays as it is', () => {
  expect(page('a ` b')).toContain('a ` b')
})
