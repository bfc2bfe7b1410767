import { isNothing } from './size.ts'
import { SlurmParseError } from './slurm-error.ts'

/** A record's values by key, as Slurm prints them. */
export type Fields = Readonly<Record<string, string | undefined>>

/** The value; undefined when the key is absent or stands for nothing ("(null)", "N/A", …). */
export function optionalText(fields: Fields, key: string): string | undefined {
  const value = fields[key]
  return value === undefined || isNothing(value) ? undefined : value
}

/** @throws SlurmParseError when the key is absent or empty */
export function requiredText(fields: Fields, key: string): string {
  const value = fields[key]
  if (value === undefined || value === '') throw new SlurmParseError(`no ${key}`, describe(fields))
  return value
}

/**
 * A decimal number; undefined when the key is absent or stands for nothing.
 * @throws SlurmParseError when it is something else
 */
export function optionalNumber(fields: Fields, key: string): number | undefined {
  const value = optionalText(fields, key)
  if (value === undefined) return undefined
  if (!/^-?\d+(\.\d+)?$/.test(value)) throw new SlurmParseError(`${key} is not a number`, value)
  return Number(value)
}

/** @throws SlurmParseError when the key is absent or not a number */
export function requiredNumber(fields: Fields, key: string): number {
  const number = optionalNumber(fields, key)
  if (number === undefined) throw new SlurmParseError(`no number in ${key}`, describe(fields))
  return number
}

/** A list without its empty items; an empty one when the key is absent or stands for nothing. */
export function textList(fields: Fields, key: string): string[] {
  return (optionalText(fields, key) ?? '').split(',').filter((item) => item !== '')
}

/** The same record without the keys whose value is undefined: absent is absent, for equality and for JSON. */
export function withoutUndefined<T extends object>(record: { [K in keyof T]: T[K] | undefined }): T {
  const present: Partial<T> = {}
  for (const key in record) {
    const value = record[key]
    if (value !== undefined) present[key] = value
  }
  // Copied: an object that was built key by key takes six times the memory, and there are thousands of records.
  return { ...present } as T
}

function describe(fields: Fields): string {
  return Object.entries(fields)
    .slice(0, 3)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
}
