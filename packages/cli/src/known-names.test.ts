import { expect, test } from 'vitest'
import { CliError, exitCodes } from './cli-error.ts'
import type { Client } from './client.ts'
import { ofKnownNames } from './known-names.ts'

/** Knows the pool "train", the node "n1" that has an agent, and "n2" that Slurm alone knows. */
function clientThatKnows() {
  const asked: string[] = []
  const get = async (route: string, { name, id }: Record<string, string> = {}) => {
    asked.push(route)
    if (route === 'fleet') return { nodes: [{ id: 'n1' }, { id: 'n2' }] }
    if (name === 'train' || id === 'n1') return {}
    throw new CliError(exitCodes.notFound, `${route} not found: ${name ?? id}`)
  }
  return { client: { get } as Partial<Client> as Client, asked }
}

test.each([
  [{ pool: 'train' }],
  [{ node: 'n1' }],
  [{ node: 'n2' }],
  [{ pool: 'train', node: 'n2' }],
  [{ pool: '' }],
  [{}],
])('a list without results stays empty where the filter is %j', async (filter) => {
  expect(await ofKnownNames(clientThatKnows().client, filter, [])).toEqual([])
})

test.each([
  [{ pool: 'nope' }, 'pool not found: nope'],
  [{ node: 'nope' }, 'node not found: nope'],
  [{ pool: 'train', node: 'nope' }, 'node not found: nope'],
])('a name that nobody knows is told: %j', async (filter, message) => {
  const failing = ofKnownNames(clientThatKnows().client, filter, [])
  await expect(failing).rejects.toMatchObject({ code: exitCodes.notFound, message })
})

test('nobody is asked about the names of a list that has results', async () => {
  const { client, asked } = clientThatKnows()
  expect(await ofKnownNames(client, { pool: 'gone' }, [1])).toEqual([1])
  expect(asked).toEqual([])
})
