/** A stretch of time in which something held. Times are ms since the epoch. */
export interface Span {
  from: number
  to: number
  state: string
  text: string
  /** A path of the page, or "". */
  link: string
}

export interface Lane {
  lane: string
  spans: Span[]
}

/** Something that holds from its time on, until the next. */
export interface Turn {
  at: number
  /** "": nothing is known from here on. */
  state: string
  text: string
}

/**
 * What held when, within a window.
 * @param turns in any order; the newest before the window counts from its beginning
 */
export function spansOfTurns(turns: readonly Turn[], from: number, to: number): Span[] {
  const sorted = turns.toSorted((a, b) => a.at - b.at)
  const spans: Span[] = []
  sorted.forEach(({ at, state, text }, index) => {
    const begin = Math.max(at, from)
    const end = Math.min(sorted[index + 1]?.at ?? to, to)
    if (state === '' || end <= begin) return
    const last = spans.at(-1)
    if (last?.state === state && last.text === text && last.to === begin) last.to = end
    else spans.push({ from: begin, to: end, state, text, link: '' })
  })
  return spans
}

/** A fault of a GPU, as long as it held. */
export interface FaultSpan extends Span {
  /** Undefined: the node's, and so every GPU's. */
  gpu: number | undefined
}

/** One lane for each GPU: its faults, and between them the times in which the node's health was known. */
export function gpuLanes(gpus: readonly number[], known: readonly Span[], faults: readonly FaultSpan[]): Lane[] {
  return gpus.map((gpu) => {
    const own = faults.filter((fault) => fault.gpu === gpu && fault.to > fault.from)
    const spans = own.map(({ gpu: _gpu, ...span }) => span)
    for (const { from, to } of joined(known)) spans.push(...without(from, to, own))
    return { lane: `GPU ${gpu}`, spans: spans.sort((a, b) => a.from - b.from || a.to - b.to) }
  })
}

/** Stretches that touch, as one. @param spans in order */
function joined(spans: readonly Span[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = []
  for (const { from, to } of spans) {
    const last = found.at(-1)
    if (last && from <= last.to) last.to = Math.max(last.to, to)
    else found.push({ from, to })
  }
  return found
}

/** The rest of a stretch when others are taken out. */
function without(from: number, to: number, others: readonly Span[]): Span[] {
  const rest: Span[] = []
  let begin = from
  for (const other of others.toSorted((a, b) => a.from - b.from)) {
    if (other.to <= begin || other.from >= to) continue
    if (other.from > begin) rest.push({ from: begin, to: other.from, state: 'healthy', text: '', link: '' })
    begin = Math.max(begin, other.to)
  }
  if (begin < to) rest.push({ from: begin, to, state: 'healthy', text: '', link: '' })
  return rest
}

/** Puts spans that overlap into lanes of their own, as few as it takes. @param most what has no room is left out */
export function packLanes(name: string, spans: readonly Span[], most: number): Lane[] {
  const lanes: Span[][] = []
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const free = lanes.find((lane) => (lane.at(-1)?.to ?? 0) <= span.from)
    if (free) free.push(span)
    else if (lanes.length < most) lanes.push([span])
  }
  return lanes.map((lane, index) => ({ lane: index === 0 ? name : `${name} ${index + 1}`, spans: lane }))
}
