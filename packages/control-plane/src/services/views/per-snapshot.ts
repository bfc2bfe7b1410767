import type { SlurmSnapshot } from '@navarch/slurm/snapshot'

/** A pure function of a look, worked out once for each look, however often it is asked. */
export function perSnapshot<T>(make: (snapshot: SlurmSnapshot) => T): (snapshot: SlurmSnapshot) => T {
  const made = new WeakMap<SlurmSnapshot, { value: T }>()
  return (snapshot) => {
    const known = made.get(snapshot) ?? { value: make(snapshot) }
    made.set(snapshot, known)
    return known.value
  }
}
