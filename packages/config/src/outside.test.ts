import { expect, it } from 'vitest'
import { missingOutside, type OutsideReference } from './outside.ts'

const without = 'nothing goes'
const references: OutsideReference[] = [
  { kind: 'variable', name: 'HOOK', key: 'alerts.receivers[0].url_env', line: 3, column: 7, without },
  { kind: 'file', name: '/etc/key', key: 'server.tls.key_file', line: 4, column: 7, without },
  { kind: 'volume', name: '/data', key: 'alerts.volumes[0]', line: 5, column: 7, without },
]

it('warns of what is not there, with its place, its name, what follows and what to do', async () => {
  const warnings = await missingOutside('f.yaml', references, async () => 'missing')
  expect(warnings.map(({ line, key }) => [line, key])).toEqual(references.map(({ line, key }) => [line, key]))
  expect(warnings.map(({ message }) => message)).toEqual([
    'the variable HOOK is not set here: without it nothing goes; set it for the control plane',
    'the file /etc/key is not here: without it nothing goes; make it where the control plane runs',
    '/data is not here: nothing goes; write a path of the machine of the control plane',
  ])
})

it('says nothing of what is there, and of what does not answer that nobody knows', async () => {
  const warnings = await missingOutside('f.yaml', references, async ({ kind }) =>
    kind === 'file' ? 'silent' : 'there',
  )
  expect(warnings.map(({ message }) => message)).toEqual([expect.stringMatching(/^\/etc\/key does not answer here/)])
})
