/** What the tests use of a package that comes without types. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  export type Configuration = Record<string, unknown> & {
    findAccount: (context: unknown, id: string) => { accountId: string; claims: () => Record<string, unknown> }
  }

  export default class Provider {
    constructor(issuer: string, configuration: Configuration)
    callback(): RequestListener
  }
}
