import { describe, expect, it } from 'vitest'
import { createProgram } from '../program/program.ts'
import { complete } from './candidates.ts'

const sink = { write: () => {}, isTTY: false }
const program = createProgram(sink, sink, async () => {})

function expected(line: string): string | string[] {
  const { expected: found } = complete(program, line.split(' '))
  return found.kind === 'words' ? found.candidates.map(({ word }) => word) : found.kind
}

describe('the next word', () => {
  it.each([
    ['get ', 'nodes'],
    ['drain a ', 'nodes'],
    ['pool explain ', 'pools'],
    ['op get ', 'operations'],
    ['config check ', 'files'],
    ['list --pool ', 'pools'],
    ['operation list --node ', 'nodes'],
    ['get a ', []],
    ['-o ', ['table', 'wide', 'json', 'yaml']],
    ['list --health ', ['healthy', 'degraded', 'unhealthy', 'unknown']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['pool ', ['list', 'get', 'explain', 'scale']],
    ['-s cp:1 pool scale ', 'pools'],
    ['list --server ', []],
  ])('after "%s"', (line, words) => {
    expect(expected(line)).toEqual(words)
  })

  it('may be any command or topic after help', () => {
    expect(expected('help ')).toEqual(expect.arrayContaining(['list', 'pool', 'settings']))
  })

  it("may be the command's flags and those of every command", () => {
    expect(expected('pool scale a --')).toEqual(expect.arrayContaining(['--nodes', '--auto', '--server']))
  })

  it('is asked of the control plane that the line names', () => {
    expect(complete(program, ['--server=cp:1', 'get', '--auth-token', 't', 'gpu-']).flags).toEqual({
      server: 'cp:1',
      authToken: 't',
    })
    expect(complete(program, ['get', 'gpu-']).prefix).toBe('gpu-')
  })
})
