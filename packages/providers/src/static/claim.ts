import { openJsonFile } from '@navarch/hosts/json-file'
import * as z from 'zod'

const claimsSchema = z.object({
  version: z.literal(1),
  claims: z.array(
    z.object({
      host: z.string(),
      token: z.string(),
      node: z.string(),
      pool: z.string(),
      region: z.string(),
      zone: z.string(),
      instanceType: z.string(),
      claimedAt: z.number(),
    }),
  ),
})

/** Who uses a host of the rack. */
export type Claim = z.infer<typeof claimsSchema>['claims'][number]

/** The claims of one provider, in a file that a restart finds again. */
export function openClaims(path: string) {
  return openJsonFile({
    path,
    parse: (json) => claimsSchema.parse(json),
    empty: { version: 1 as const, claims: [] },
  })
}
