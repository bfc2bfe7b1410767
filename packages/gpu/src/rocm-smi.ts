import { amdReading, amountIn, type Json, percentIn, textIn } from './amd-values.ts'
import type { GpuReading } from './gpu-reading.ts'
import { normalisePciBusId } from './pci-bus-id.ts'

/** What is asked of rocm-smi: what the document asks for (`--showuse --json`), and the rest of a reading. */
export const rocmSmiArguments = [
  ...['--showuse', '--showuniqueid', '--showbus', '--showproductname', '--showmeminfo', 'vram'],
  ...['--showpower', '--showtemp', '--showclocks', '--json'],
] as const

/**
 * Reads what `rocm-smi … --json` prints: an object by card, whose values are texts under names made for people. The names differ
 * between releases (5.x "Card series", "Average Graphics Package Power (W)"; 6.x "Card Series", "Current Socket Graphics Package
 * Power (W)"), so each is looked for in all its forms and without regard to case.
 * @throws Error when this is not such JSON, saying what is wrong with it
 */
export function parseRocmSmi(text: string): GpuReading[] {
  const cards = parseObject(text)
  return Object.entries(cards).flatMap(([name, values]) => {
    const index = /^card(\d{1,4})$/.exec(name)?.[1]
    if (index === undefined) return []
    if (typeof values !== 'object' || values === null) throw new Error(`rocm-smi: ${name} is no object`)
    return [cardReading(Number(index), lowerKeys(values))]
  })
}

function cardReading(index: number, card: ReadonlyMap<string, Json>): GpuReading {
  const first = (...names: string[]): Json => names.map((name) => card.get(name)).find((value) => value !== undefined)
  return amdReading({
    index,
    uuid: uniqueId(textIn(first('unique id'))),
    pciBusId: busId(textIn(first('pci bus'))),
    name: textIn(first('card series', 'card model', 'market name')),
    utilizationPercent: percentIn(first('gpu use (%)')),
    memoryUtilizationPercent: percentIn(first('gpu memory read/write activity (%)', 'gpu memory use (%)')),
    memoryTotalBytes: amountIn(first('vram total memory (b)')),
    memoryUsedBytes: amountIn(first('vram total used memory (b)')),
    temperatureCelsius: amountIn(first('temperature (sensor junction) (c)', 'temperature (sensor edge) (c)')),
    memoryTemperatureCelsius: amountIn(first('temperature (sensor memory) (c)')),
    powerWatts: amountIn(
      first(
        'current socket graphics package power (w)',
        'average graphics package power (w)',
        'average socket power (w)',
      ),
    ),
    smClockMhz: clock(textIn(first('sclk clock speed:', 'sclk clock speed'))),
  })
}

function parseObject(text: string): Record<string, Json> {
  // Warnings come before the object, on the same stream.
  const start = text.indexOf('{')
  if (start === -1) throw new Error(`rocm-smi printed no JSON: ${JSON.stringify(text.trim().slice(0, 200))}`)
  try {
    const parsed: Json = JSON.parse(text.slice(start))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed }
  } catch {
    // Told below, with the text.
  }
  throw new Error(`rocm-smi printed what is no JSON object: ${JSON.stringify(text.trim().slice(0, 200))}`)
}

function lowerKeys(values: object): Map<string, Json> {
  return new Map(Object.entries(values).map(([key, value]) => [key.trim().toLowerCase(), value]))
}

/** "0x54f88318ca05093d"; 0 is a card that has none. */
function uniqueId(text: string | undefined): string | undefined {
  return text !== undefined && /^0x[0-9a-f]+$/i.test(text) && !/^0x0+$/.test(text) ? text.toLowerCase() : undefined
}

function busId(text: string | undefined): string | undefined {
  return text === undefined ? undefined : normalisePciBusId(text)
}

/** "(1725Mhz)" */
function clock(text: string | undefined): number | undefined {
  const match = /^\(?(\d{1,5})\s*mhz\)?$/i.exec(text ?? '')
  return match ? Number(match[1]) : undefined
}
