import type { LaunchRequest } from '../src/provider.ts'

/** A launch that every provider accepts. */
export function launchRequest(overrides: Partial<LaunchRequest> = {}): LaunchRequest {
  return {
    node: 'gpu-node-001',
    pool: 'gpu',
    token: 'launch-1',
    instanceType: 'gpu_8x_h100_sxm5',
    region: 'us-west-2',
    zones: [],
    sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICN+lJwsONkwrdsSnQsu1ydUkIuIg5oOC+Eslvmtt60T'],
    exclude: [],
    ...overrides,
  }
}

/** A signal that never fires. */
export const untilDone: AbortSignal = new AbortController().signal
