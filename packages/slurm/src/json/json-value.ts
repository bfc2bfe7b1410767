import { isNothing } from '../size.ts'
import { meaningOf } from '../slurm-command.ts'
import { SlurmError, SlurmParseError } from '../slurm-error.ts'

/** An object of Slurm's JSON. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Slurm's marks for "no value" and "infinite" that raw numbers of 22.05 let through (slurm.h, NO_VAL, INFINITE). */
const noValues: readonly number[] = [4294967294, 4294967295, 65534, 65535, -2, -1]

/**
 * Parses a body of slurmrestd or the output of `--json`, and takes one key's list from it.
 * @throws SlurmParseError when it is no JSON or has no such list
 * @throws SlurmError when the body carries errors: slurmrestd sends them with status 200 too
 */
export function parseJsonList(text: string, key: string): JsonObject[] {
  const body = parseBody(text)
  const list = body[key]
  if (!Array.isArray(list)) throw new SlurmParseError(`JSON without a list "${key}"`, text)
  return list.map((item) => asObject(item, key))
}

/**
 * The same for a key that holds one object.
 * @throws SlurmParseError, SlurmError
 */
export function parseJsonObject(text: string, key: string): JsonObject {
  return asObject(parseBody(text)[key], key)
}

/**
 * Parses a body.
 * @throws SlurmParseError when it is no JSON object
 * @throws SlurmError when it carries errors
 */
export function parseBody(text: string): JsonObject {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (cause) {
    throw new SlurmParseError(`not JSON (${cause instanceof Error ? cause.message : String(cause)})`, text)
  }
  const found = asObject(body, 'body')
  const errors = found['errors']
  if (!Array.isArray(errors) || errors.length === 0) return found
  const said = errors.map((error) => errorText(asObject(error, 'errors'))).join('; ')
  throw new SlurmError(meaningOf(said), `Slurm answered with errors: ${said}`)
}

/** Slurm's name of the error, and what it was about. */
function errorText(error: JsonObject): string {
  const [name, about] = [textOf(error, 'error'), textOf(error, 'description')]
  if (name === undefined || name === 'No error') return about ?? JSON.stringify(error)
  return about === undefined ? name : `${about}: ${name}`
}

/** @throws SlurmParseError when the value is no object */
export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SlurmParseError(`"${what}" is not an object`, JSON.stringify(value) ?? 'undefined')
  return value as JsonObject
}

/** The object under a key; an empty one when it is absent. */
export function objectOf(object: JsonObject, key: string): JsonObject {
  const value = object[key]
  return value === undefined || value === null ? {} : asObject(value, key)
}

/**
 * A number, whether raw (22.05) or `{set, infinite, number}` (0.0.39 and later).
 * @returns undefined when unset, infinite, null or absent
 */
export function numberOf(object: JsonObject, key: string): number | undefined {
  const value = object[key]
  if (typeof value === 'number') return noValues.includes(value) ? undefined : value
  if (typeof value !== 'object' || value === null) return undefined
  const { set, infinite, number } = value as JsonObject
  return set === true && infinite !== true && typeof number === 'number' ? number : undefined
}

/** @throws SlurmParseError when there is no such number */
export function requiredNumberOf(object: JsonObject, key: string): number {
  const number = numberOf(object, key)
  if (number === undefined)
    throw new SlurmParseError(`no number in "${key}"`, JSON.stringify(object[key]) ?? 'undefined')
  return number
}

/** Whether the number is `infinite`. */
export function isInfinite(object: JsonObject, key: string): boolean {
  const value = object[key]
  return typeof value === 'object' && value !== null && (value as JsonObject)['infinite'] === true
}

/** A number that is not 0, since 0 stands for "none" in ids and times. */
export function positiveOf(object: JsonObject, key: string): number | undefined {
  const number = numberOf(object, key)
  return number === undefined || number <= 0 ? undefined : number
}

/** Seconds since the epoch as ms; 0 is none. */
export function timeOf(object: JsonObject, key: string): number | undefined {
  const seconds = positiveOf(object, key)
  return seconds === undefined ? undefined : seconds * 1000
}

/** A text that says something; undefined for "", "(null)", "N/A" and the like. */
export function textOf(object: JsonObject, key: string): string | undefined {
  const value = object[key]
  return typeof value === 'string' && !isNothing(value) ? value : undefined
}

/** @throws SlurmParseError when there is no such text */
export function requiredTextOf(object: JsonObject, key: string): string {
  const text = textOf(object, key)
  if (text === undefined) throw new SlurmParseError(`no text in "${key}"`, JSON.stringify(object[key]) ?? 'undefined')
  return text
}

/** A list of words: an array, or text with commas (22.05). */
export function wordsOf(object: JsonObject, key: string): string[] {
  const value = object[key]
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string')
  const words = typeof value === 'string' && value !== '(null)' ? value : ''
  return words.split(',').filter((item) => item !== '')
}
