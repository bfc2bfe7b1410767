import type { GpuReading } from './gpu-reading.ts'

/** JSON of a tool as it came: any of its parts may be absent or of another shape in another release. */
export type Json = unknown

/** The member of an object; undefined when there is none, or no object. */
export function member(value: Json, ...path: readonly string[]): Json {
  return path.reduce<Json>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Record<string, Json>)[key] : undefined,
    value,
  )
}

/** A number: 5, "5", "5.0", "5 W", or {value: 5, unit: "W"}. "N/A" and the like are undefined. */
export function numberIn(value: Json): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'object' && value !== null) return numberIn(member(value, 'value'))
  if (typeof value !== 'string') return undefined
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*(?:%|[A-Za-z]{1,4})?\s*$/.exec(value)
  return match ? Number(match[1]) : undefined
}

export function textIn(value: Json): string | undefined {
  return typeof value === 'string' && value !== '' && !/^n\/a$/i.test(value.trim()) ? value.trim() : undefined
}

/** A reading without the values that are not known. */
export function amdReading(values: { [K in keyof GpuReading]: GpuReading[K] | undefined }): GpuReading {
  const known = Object.entries(values).filter(([, value]) => value !== undefined)
  return { vendor: 'amd', ...Object.fromEntries(known) }
}

/** A percentage; what lies outside of 0 to 100 is not one. */
export function percentIn(value: Json): number | undefined {
  const percent = numberIn(value)
  return percent !== undefined && percent >= 0 && percent <= 100 ? percent : undefined
}

/** What is not negative; sensors that fail read -1 or less. */
export function amountIn(value: Json, scale = 1): number | undefined {
  const amount = numberIn(value)
  return amount !== undefined && amount >= 0 ? amount * scale : undefined
}
