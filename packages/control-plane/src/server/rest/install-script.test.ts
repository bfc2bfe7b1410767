import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { installScript } from './install-script.ts'

function run(...args: string[]): { status: number | null; stderr: string } {
  const input = installScript('http://control-plane:50051')
  const { status, stderr } = spawnSync('sh', ['-s', '--', ...args], { input, encoding: 'utf8', timeout: 10_000 })
  return { status, stderr }
}

describe('install.sh', () => {
  it.each([
    [['--node-id', 'a b'], 'the name "a b" may have letters'],
    [['--node-id', '-x'], 'the name "-x" may have letters'],
    [['--node-id', ''], '--node-id is empty'],
    [['--server'], '--server needs a value'],
    [['--server', 'ftp://x'], '--server is "ftp://x": it must be an address such as'],
    [['--server', 'http://x"\nbad: true'], 'may not have quotes'],
    [['--auth-token', 'a"b'], 'may not have quotes'],
    [['--sever', 'http://x'], 'unknown option --sever'],
  ])('refuses %j before it touches the machine', (args, message) => {
    const { status, stderr } = run(...args)
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
  })

  it('has the server filled in so that no address breaks out of it', () => {
    expect(installScript("http://x';reboot;'")).toContain(`server='http://x'\\'';reboot;'\\'''`)
    expect(installScript('http://$&')).toContain("server='http://$&'")
  })
})
