import { join } from 'node:path'
import { createLabContext } from '@navarch/lab/context'
import type { Clock } from '@navarch/system/clock'
import type { RunCommand } from '@navarch/system/run-command'
import { createFakeProvider, type FakeProviderOptions } from './fake/fake-provider.ts'
import { createLabProvider } from './lab/lab-provider.ts'
import { createLambdaProvider, lambdaBaseUrl } from './lambda/lambda-provider.ts'
import type { Provider } from './provider.ts'
import { createStaticProvider, type StaticHost } from './static/static-provider.ts'
import { createUnsupportedProvider } from './unsupported-provider.ts'

/** What a configuration says about one provider. */
export type ProviderSettings =
  | { name: string; type: 'fake' }
  | { name: string; type: 'static'; hosts: readonly StaticHost[] }
  | { name: string; type: 'lambda'; apiKeyEnv: string; baseUrl?: string }
  | { name: string; type: 'lab'; lab: string; suite?: string; gpus: number }
  | { name: string; type: 'gcp' | 'aws' | 'coreweave' }

export interface ProviderContext {
  /** Where providers keep what must survive a restart. */
  dataDir: string
  env: Readonly<Record<string, string | undefined>>
  clock: Clock
  fetch: typeof fetch
  run: RunCommand
  /** How simulated machines behave. */
  fake?: Omit<FakeProviderOptions, 'name' | 'clock'>
}

/** The provider that a configuration describes. Never fails: what is wrong shows when it is called. */
export function createProvider(settings: ProviderSettings, context: ProviderContext): Provider {
  const { name } = settings
  const { dataDir, env, clock } = context
  switch (settings.type) {
    case 'fake':
      return createFakeProvider({ ...context.fake, name, clock })
    case 'static':
      return createStaticProvider({
        name,
        hosts: settings.hosts,
        claimsPath: join(dataDir, `claims-${name}.json`),
        clock,
      })
    case 'lambda':
      return createLambdaProvider({
        provider: name,
        baseUrl: settings.baseUrl ?? lambdaBaseUrl,
        apiKeyEnv: settings.apiKeyEnv,
        env,
        fetch: context.fetch,
        clock,
      })
    case 'lab':
      return createLabProvider({
        name,
        lab: settings.lab,
        ...(settings.suite !== undefined && { suite: settings.suite }),
        gpus: settings.gpus,
        context: createLabContext({ run: context.run, clock }),
      })
    case 'gcp':
    case 'aws':
    case 'coreweave':
      return createUnsupportedProvider(name, settings.type)
  }
}
