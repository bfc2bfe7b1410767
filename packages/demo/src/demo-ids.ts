import { createRandom } from './simulated-slurm/random.ts'

/** Ids as the control plane makes them, 12 hexadecimal digits; the same ones for the same seed. */
export function createIds(seed: number): () => string {
  const random = createRandom(seed)
  const digits = (count: number) =>
    Math.floor(random() * 16 ** count)
      .toString(16)
      .padStart(count, '0')
  return () => digits(6) + digits(6)
}
