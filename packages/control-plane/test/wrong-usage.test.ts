import { fileURLToPath } from 'node:url'
import { runCommand } from '@navarch/system/run-command'
import { expect, it } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const run = (...args: string[]) => runCommand(process.execPath, [main, ...args], { deadlineMs: 15_000 })

it.each([
  [['--foo'], "navarch-control-plane: unknown option '--foo'\n"],
  [['--address', 'nowhere'], 'navarch-control-plane: option '],
  [['restore'], "navarch-control-plane: missing required argument 'file'\n"],
])('tells what is wrong in %j under the program’s name, and ends with 2', async (args, message) => {
  const { code, stderr } = await run(...args)
  expect(code).toBe(2)
  expect(stderr.startsWith(message)).toBe(true)
})
