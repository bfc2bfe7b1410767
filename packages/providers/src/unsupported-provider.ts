import { type Provider, ProviderError } from './provider.ts'

/** A provider that is known and not built yet: its pools load, and every call says so. */
export function createUnsupportedProvider(name: string, type: string): Provider {
  const refuse = async (): Promise<never> => {
    throw new ProviderError('unsupported', `provider ${name}: ${type} is not supported yet`, {
      remedy: 'Use a provider of type lambda, static, lab or fake, or machines that register by themselves.',
    })
  }
  return { name, type, bootDeadlineMs: 15 * 60_000, launch: refuse, get: refuse, list: refuse, terminate: refuse }
}
