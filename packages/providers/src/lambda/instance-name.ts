import { createHash } from 'node:crypto'
import { type LaunchRequest, ProviderError } from '../provider.ts'

/** Longest instance name that the API takes (Lambda Cloud API 1.8.3, InstanceLaunchRequest). */
const maxLength = 64
const ours = /^navarch\.(.+)\.[0-9a-f]{16}$/

/**
 * The instance's name carries the launch: the API has no idempotency key, so this is how a launch whose answer was lost
 * is found again. It is `navarch.<node>.<first 16 hex digits of the token's SHA-256>`.
 * @throws ProviderError `invalid` when the node's name leaves no room
 */
export function instanceName({ node, token }: Pick<LaunchRequest, 'node' | 'token'>): string {
  const name = `navarch.${node}.${createHash('sha256').update(token).digest('hex').slice(0, 16)}`
  if (name.length <= maxLength) return name
  const room = maxLength - (name.length - node.length)
  throw new ProviderError('invalid', `node name ${node} is too long for Lambda: at most ${room} characters`, {
    remedy: 'Use a shorter pool name, or shorter names in slurm.conf.',
  })
}

/** The node's name in an instance's name, or undefined when the instance is not ours. */
export function nodeOfInstanceName(name: string): string | undefined {
  return ours.exec(name)?.[1]
}
