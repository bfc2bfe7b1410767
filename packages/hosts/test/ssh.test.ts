import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fingerprint, parseHostKey } from '../src/known-hosts.ts'
import { connectSsh, type SshSession } from '../src/ssh.ts'
import { type LocalSshd, sshdMissing, startLocalSshd } from './local-sshd.ts'

/** Command lines on this machine that contain a text. */
function processesWith(text: string): string[] {
  const commandLine = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    } catch {
      return ''
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine)
    .filter((line) => line.includes(text))
}

const title = `connectSsh, against OpenSSH${sshdMissing ? ` (skipped: ${sshdMissing})` : ''}`

describe.skipIf(sshdMissing)(title, () => {
  let sshd: LocalSshd
  let session: SshSession
  let dir: string
  beforeAll(async () => {
    sshd = await startLocalSshd()
    session = await sshd.connect()
    dir = mkdtempSync(join(tmpdir(), 'navarch-ssh-'))
  })
  afterAll(async () => {
    session?.close()
    await sshd?.stop()
    rmSync(dir, { recursive: true, force: true })
  })
  const run = (script: string, options: { deadlineMs?: number; input?: string; signal?: AbortSignal } = {}) =>
    session.run(script, { deadlineMs: 15_000, ...options })

  it('returns exit status, output and errors', async () => {
    expect(await run('echo out; echo err >&2; exit 3')).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' })
  })

  it('runs a heredoc of a configuration verbatim, with the expansion that its author asked for', async () => {
    const script = `cat > ${dir}/unit << EOF\n[Service]\nExecStart=/bin/x --a 'b' "c" \\$d \${HOME}\nEOF\n`
    expect(await run(script)).toMatchObject({ exitCode: 0 })
    expect(readFileSync(join(dir, 'unit'), 'utf8')).toBe(`[Service]\nExecStart=/bin/x --a 'b' "c" $d /root\n`)
  })

  it('runs the rest of a script after a command that reads standard input', async () => {
    expect(await run('cat; echo "after"; read -r line || echo "no input left"', { input: 'given\n' })).toMatchObject({
      stdout: 'given\nafter\nno input left\n',
    })
  })

  it('keeps a script off every command line, so that ps shows none of its secrets', async () => {
    const running = run(`sleep 7170 # a-hidden-word`, { deadlineMs: 1_000 })
    while (processesWith('7170').length === 0) await systemClock.sleep(20)
    expect(processesWith('a-hidden-word')).toEqual([])
    await expect(running).rejects.toMatchObject({ code: 'timeout' })
  })

  it('passes bytes of any script and input through unchanged', async () => {
    const text = 'é 𝄞 \\ \' " ` $ \t\r\n'
    expect((await run(`cat; printf '%s' 'é 𝄞 \\ " \` $'`, { input: text })).stdout).toBe(`${text}é 𝄞 \\ " \` $`)
  })

  it('keeps 64 KiB of a flood of output, its beginning and its end', async () => {
    const { stdout } = await run('echo begin; head -c 3000000 /dev/zero | tr "\\0" x; echo; echo end')
    expect(stdout.length).toBeLessThan(66_000)
    expect(stdout).toMatch(/^begin\nx+\n\[… \d+ bytes left out …\]\nx+\nend\n$/)
  })

  it('kills everything that a script has started when its deadline passes, and keeps what it had printed', async () => {
    await expect(run('echo working; sleep 7171 & sleep 7172', { deadlineMs: 700 })).rejects.toMatchObject({
      code: 'timeout',
      output: { stdout: 'working\n' },
    })
    expect([...processesWith('7171'), ...processesWith('7172')]).toEqual([])
  })

  it('kills what runs when it is aborted', async () => {
    const controller = new AbortController()
    const running = run('sleep 7173', { signal: controller.signal })
    while (processesWith('7173').length === 0) await systemClock.sleep(20)
    controller.abort(new Error('stop'))
    await expect(running).rejects.toThrow('stop')
    expect(processesWith('7173')).toEqual([])
  })

  it('does not wait for a service that was left in the background', async () => {
    const result = await run('setsid sleep 7174 & echo "$!"')
    expect(result.exitCode).toBe(0)
    process.kill(Number(result.stdout))
  })

  it('reports a script that a signal has ended', async () => {
    expect(await run('kill -TERM $$')).toMatchObject({ exitCode: undefined, signal: 'SIGTERM' })
  })

  it('runs many scripts at once', async () => {
    const results = await Promise.all([1, 2, 3, 4, 5].map((n) => run(`sleep 0.1; echo ${n}`)))
    expect(results.map((result) => result.stdout)).toEqual(['1\n', '2\n', '3\n', '4\n', '5\n'])
  })

  it('writes a file as a whole, with mode and folder, and leaves nothing else', async () => {
    const path = join(dir, "it's a folder", 'key')
    const bytes = Uint8Array.from({ length: 1024 }, (_, n) => n % 256)
    await session.writeFile(path, bytes, { mode: 0o400 })
    await session.writeFile(path, bytes, { mode: 0o400 })
    expect([...readFileSync(path)]).toEqual([...bytes])
    expect(statSync(path).mode & 0o777).toBe(0o400)
    expect(readdirSync(join(dir, "it's a folder"))).toEqual(['key'])
  })

  it('says why a file cannot be written', async () => {
    await expect(session.writeFile('/proc/nothing/here', 'x', { mode: 0o600 })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('cannot write /proc/nothing/here on root@127.0.0.1'),
    })
  })

  it('says that a refused key was refused, and what to check', async () => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'stranger')])
    const privateKey = readFileSync(join(dir, 'stranger'), 'utf8')
    await expect(sshd.connect({ privateKey })).rejects.toMatchObject({
      code: 'auth',
      remedy: expect.stringContaining('key'),
    })
    await expect(sshd.connect({ privateKey: 'not a key' })).rejects.toMatchObject({ code: 'auth' })
    const { privateKey: _, ...keyless } = sshd.options()
    await expect(connectSsh(keyless)).rejects.toMatchObject({
      code: 'auth',
      message: expect.stringContaining('no SSH key'),
    })
  })

  it('says that a closed port cannot be reached', async () => {
    await expect(sshd.connect({ port: 1 })).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('pins no key of a host that does not let us in', async () => {
    await expect(sshd.connect({ identity: 'test/other', user: 'nobody-here' })).rejects.toMatchObject({ code: 'auth' })
    expect(await sshd.knownHosts.find('test/other')).toBeUndefined()
  })

  it('checks the key that the provider tells before anything else', async () => {
    const connected = await sshd.connect({ identity: 'test/told', hostKeys: [sshd.hostKey] })
    connected.close()
    const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICN+lJwsONkwrdsSnQsu1ydUkIuIg5oOC+Eslvmtt60T'
    await expect(sshd.connect({ identity: 'test/told-2', hostKeys: [other] })).rejects.toMatchObject({
      code: 'host-key',
    })
  })

  it('shows the fingerprint that ssh-keygen shows', () => {
    writeFileSync(join(dir, 'host.pub'), sshd.hostKey)
    const shown = execFileSync('ssh-keygen', ['-l', '-f', join(dir, 'host.pub')], { encoding: 'utf8' })
    const key = parseHostKey(sshd.hostKey)
    expect(shown).toContain(key && fingerprint(key))
  })

  it('refuses a host whose key has changed, and accepts it as another machine', async () => {
    await sshd.replaceHostKey()
    await expect(sshd.connect()).rejects.toMatchObject({ code: 'host-key', remedy: expect.stringContaining('remove') })
    const replaced = await sshd.connect({ identity: 'test/replacement' })
    replaced.close()
  })

  it('says that the connection was lost, while a script runs and after', async () => {
    const doomed = await sshd.connect({ identity: 'test/doomed' })
    await expect(
      doomed.run('kill -KILL $(ps -o ppid= -p $PPID); sleep 7176', { deadlineMs: 10_000 }),
    ).rejects.toMatchObject({ code: 'unreachable' })
    await expect(doomed.run('true', { deadlineMs: 1_000 })).rejects.toMatchObject({ code: 'unreachable' })
  })
})

const mayChange = process.env['CI'] === 'true' || process.env['NAVARCH_TEST_INSTALL'] === '1'
const sudoMissing =
  sshdMissing ??
  (existsSync('/usr/bin/sudo') ? undefined : 'needs sudo') ??
  (mayChange ? undefined : 'makes a user for a moment, which CI=true or NAVARCH_TEST_INSTALL=1 allows')

describe.skipIf(sudoMissing)(`sudo${sudoMissing ? ` (skipped: ${sudoMissing})` : ''}`, () => {
  const user = 'navarch-test-user'
  const rule = `/etc/sudoers.d/${user}`
  let sshd: LocalSshd
  beforeAll(async () => {
    execFileSync('sh', ['-c', `id ${user} 2>/dev/null || useradd -M -s /bin/sh -p '*' ${user}`])
    sshd = await startLocalSshd({ user })
  })
  afterAll(async () => {
    await sshd?.stop()
    rmSync(rule, { force: true })
    execFileSync('userdel', [user])
  })

  it('runs scripts as root for a user who may, heredocs and input included', async () => {
    writeFileSync(rule, `${user} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 })
    const session = await sshd.connect()
    expect(
      await session.run('id -un; cat << EOF\n$(id -u)\nEOF\ncat', { deadlineMs: 10_000, input: 'in' }),
    ).toMatchObject({
      stdout: 'root\n0\nin',
    })
    expect(await session.run('id -un', { deadlineMs: 10_000, sudo: false })).toMatchObject({ stdout: `${user}\n` })
    await expect(session.run('sleep 7175', { deadlineMs: 500 })).rejects.toMatchObject({ code: 'timeout' })
    expect(processesWith('7175')).toEqual([])
    session.close()
  })

  it('says what to allow when sudo asks for a password', async () => {
    rmSync(rule, { force: true })
    execFileSync('chpasswd', [], { input: `${user}:secret\n` })
    const session = await sshd.connect()
    await expect(session.run('true', { deadlineMs: 10_000 })).rejects.toMatchObject({
      code: 'auth',
      remedy: expect.stringContaining('NOPASSWD'),
    })
    session.close()
  })
})
