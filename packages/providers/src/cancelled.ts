import { ProviderError } from './provider.ts'

/** @throws ProviderError `unavailable` when the caller has given up */
export function throwIfCancelled(signal: AbortSignal, provider: string): void {
  if (signal.aborted)
    throw new ProviderError('unavailable', `the call to ${provider} was cancelled`, { cause: signal.reason })
}
