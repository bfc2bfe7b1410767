import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CliError } from './cli-error.ts'
import { parseClientFile } from './client-file.ts'

describe('client.yaml', () => {
  it('names the server, its token and whether any certificate will do', async () => {
    const text = 'server: "http://cp:50051"\nauth_token: s3cret\ninsecure: true\n'
    expect(await parseClientFile('c.yaml', text)).toEqual({
      path: 'c.yaml',
      server: 'http://cp:50051',
      authToken: 's3cret',
      insecure: true,
    })
  })

  it('may be empty', async () => {
    expect(await parseClientFile('c.yaml', '# nothing yet\n')).toEqual({ path: 'c.yaml' })
  })

  it.each([
    ['sever: x', 'c.yaml: unknown key "sever"', 'Did you mean server?'],
    ['server: 3', 'c.yaml: server: it must be an address', ''],
    ['- a', 'c.yaml: this is no map of keys', 'Write a line'],
    ['server: "x', 'c.yaml: Missing closing "quote', ''],
  ])('%j is refused with the reason', async (text, message, remedy) => {
    await expect(parseClientFile('c.yaml', text)).rejects.toMatchObject({
      code: 2,
      message: expect.stringContaining(message),
      ...(remedy && { remedy: expect.stringContaining(remedy) }),
    })
  })

  it('never shows a token in an error', async () => {
    await expect(parseClientFile('c.yaml', 'auth_token: [s3cret]')).rejects.not.toThrow(/s3cret/)
  })

  it('whatever it holds, is read or refused, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: fc.constantFrom(...'server:auth_token &*[]{}"\n-|!') }), async (text) => {
        await parseClientFile('c.yaml', text).catch((error) => expect(error).toBeInstanceOf(CliError))
      }),
    )
  })
})
