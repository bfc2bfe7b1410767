import { SlurmParseError } from './slurm-error.ts'

/** What `sshare` says of an account. Absent: it says nothing, as for accounts under Fair Tree, where users alone have a factor. */
export interface AccountShare {
  account: string
  /** Share of the whole cluster that it is promised, 0 to 1. */
  normalizedShares?: number
  /** Share of the whole cluster's usage, 0 to 1, aged by PriorityDecayHalfLife. */
  effectiveUsage?: number
  /** The fair-share factor, 0 to 1; of Fair Tree the account's own where Slurm prints one. */
  fairShare?: number
}

/** Arguments of the sshare whose output `parseAccountShares` reads: accounts, and of users only the caller. */
export const shareArguments: readonly string[] = ['-n', '-P', '-o', 'Account,User,NormShares,EffectvUsage,FairShare']

/**
 * Reads `sshare` run with `shareArguments`. Rows of users are left out.
 * @throws SlurmParseError
 */
export function parseAccountShares(text: string): AccountShare[] {
  return text.split('\n').flatMap((line) => {
    if (line.trim() === '') return []
    const [account = '', user, normalizedShares, effectiveUsage, fairShare, ...more] = line.split('|')
    if (fairShare === undefined || more.length > 0) throw new SlurmParseError('not a row of sshare', line)
    if (user !== '') return []
    return [
      {
        account: account.trim(),
        ...optional('normalizedShares', normalizedShares, line),
        ...optional('effectiveUsage', effectiveUsage, line),
        ...optional('fairShare', fairShare, line),
      },
    ]
  })
}

function optional(key: 'normalizedShares' | 'effectiveUsage' | 'fairShare', text = '', line: string) {
  const word = text.trim()
  if (word === '' || word === 'nan' || word === 'parent') return {}
  const value = Number(word)
  if (Number.isNaN(value)) throw new SlurmParseError(`${key} is not a number`, line)
  return Number.isFinite(value) ? { [key]: value } : {}
}
