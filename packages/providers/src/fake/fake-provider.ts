import type { Clock } from '@navarch/system/clock'
import { throwIfCancelled } from '../cancelled.ts'
import { type LaunchRequest, type Machine, type Provider, ProviderError } from '../provider.ts'

export interface FakeProviderOptions {
  name: string
  clock: Clock
  /** From launch to running, ms; default 0. */
  bootDelayMs?: number
  /** Machines that exist at most at one time; beyond that, launches fail with `capacity`. Default without limit. */
  capacity?: number
  /** A machine was made: attach an agent to it. */
  onLaunch?: (machine: Machine, request: LaunchRequest) => void
  /** A machine is gone. */
  onTerminate?: (machineId: string) => void
}

/** A cloud in this process's memory. */
export interface FakeProvider extends Provider {
  /** Makes the next call of an operation throw; called again, the one after it too. */
  failNext(operation: 'launch' | 'get' | 'list' | 'terminate', error: ProviderError): void
}

/** Machines without hardware: for the demo, and for tests of whatever uses a provider. Gone with the process. */
export function createFakeProvider(options: FakeProviderOptions): FakeProvider {
  const { name, clock, bootDelayMs = 0, capacity = Number.POSITIVE_INFINITY } = options
  const machines = new Map<string, Machine & { launchedAt: number }>()
  const failures: { operation: string; error: ProviderError }[] = []
  let made = 0

  const enter = (operation: string, signal: AbortSignal) => {
    throwIfCancelled(signal, name)
    const next = failures.findIndex((failure) => failure.operation === operation)
    const [failure] = next < 0 ? [] : failures.splice(next, 1)
    if (failure) throw failure.error
  }
  const show = (machine: Machine & { launchedAt: number }): Machine => {
    const booted = clock.now() - machine.launchedAt >= bootDelayMs
    const { address, ...rest } = machine
    return booted && address !== undefined ? { ...rest, state: 'running', address } : { ...rest, state: 'pending' }
  }
  return {
    name,
    type: 'fake',
    selfBootstraps: true,
    bootDeadlineMs: bootDelayMs + 60_000,
    async launch(request, signal) {
      enter('launch', signal)
      const existing = [...machines.values()].find((machine) => machine.token === request.token)
      if (existing) return show(existing)
      if (machines.size >= capacity) {
        throw new ProviderError('capacity', `provider ${name} has no more than ${capacity} machines`)
      }
      made++
      const machine = {
        id: `${name}-${made}`,
        node: request.node,
        token: request.token,
        state: 'pending' as const,
        address: `10.${(made >> 16) & 255}.${(made >> 8) & 255}.${made & 255}`,
        region: request.region,
        zone: request.zones[0] ?? '',
        instanceType: request.instanceType,
        launchedAt: clock.now(),
      }
      machines.set(machine.id, machine)
      options.onLaunch?.(show(machine), request)
      return show(machine)
    },
    async get(machineId, signal) {
      enter('get', signal)
      const machine = machines.get(machineId)
      return machine && show(machine)
    },
    async list(signal) {
      enter('list', signal)
      return [...machines.values()].map(show)
    },
    async terminate(machineId, signal) {
      enter('terminate', signal)
      if (machines.delete(machineId)) options.onTerminate?.(machineId)
    },
    failNext: (operation, error) => void failures.push({ operation, error }),
  }
}
