import { readFile } from 'node:fs/promises'

/** The text of the stand-in for `nvidia-smi` that hosts without GPUs get. */
export function fakeNvidiaSmi(): Promise<string> {
  return readFile(new URL('../bin/fake-nvidia-smi', import.meta.url), 'utf8')
}
