import { list, object } from '../schema/containers.ts'
import { choice, integer, number } from '../schema/scalars.ts'
import { type Key, key, type ObjectValue, type Schema } from '../schema/schema.ts'
import { named, readVariant, type Variant, variantSections, variantsJsonSchema } from '../schema/variants.ts'

const percent = number({ min: 0, max: 100 })

const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
const shortDays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

export const windowKeys = {
  days: key(list(choice([...days, ...shortDays], { ignoreCase: true }), 'a list of days'), 'Days of the week.', {
    defaultNote: 'every day',
  }),
  start_hour: key(integer({ min: 0, max: 23 }), 'First hour, in the time of the control plane.'),
  start: key(integer({ min: 0, max: 23 }), 'The same as `start_hour`.'),
  end_hour: key(integer({ min: 0, max: 24 }), 'Hour at which it ends.'),
  end: key(integer({ min: 0, max: 24 }), 'The same as `end_hour`.'),
  min_nodes: key(integer({ min: 0 }), 'Fewest nodes in this window.'),
  max_nodes: key(integer({ min: 0 }), 'Most nodes in this window.'),
}

export type WindowValue = ObjectValue<typeof windowKeys>

export const queueKeys = {
  jobs_per_node: key(integer({ min: 1 }), 'Pending and running jobs for each node.', { default: 10 }),
}

export const reactiveKeys = {
  scale_up_threshold: key(percent, 'GPU utilisation in percent above which a node is added.', { default: 80 }),
  scale_up_at: key(percent, 'The same as `scale_up_threshold`.'),
  scale_down_threshold: key(percent, 'GPU utilisation in percent below which a node is removed.', { default: 20 }),
  scale_down_at: key(percent, 'The same as `scale_down_threshold`.'),
}

const slurmAutoscalerKeys = {}

type CompositeKeys = {
  mode: Key<'max' | 'min' | 'avg'> & { default: 'max' | 'min' | 'avg' }
  autoscalers: Key<AutoscalerValue[]>
  strategies: Key<AutoscalerValue[]>
}

type ScheduledKeys = { schedule: Key<WindowValue[]>; fallback: Key<AutoscalerValue> }

type PredictiveKeys = { lookback_window: Key<number>; growth_factor: Key<number>; fallback: Key<AutoscalerValue> }

export type AutoscalerValue =
  | Variant<'queue', typeof queueKeys>
  | Variant<'reactive', typeof reactiveKeys>
  | Variant<'slurm', typeof slurmAutoscalerKeys>
  | Variant<'composite', CompositeKeys>
  | Variant<'scheduled', ScheduledKeys>
  | Variant<'predictive', PredictiveKeys>

const nested: Schema<AutoscalerValue> = named('autoscaler', () => autoscaler)
const nestedList = list(nested, 'a list of autoscalers')

export const compositeKeys: CompositeKeys = {
  mode: key(choice(['max', 'min', 'avg'], { ignoreCase: true }), 'How the sizes of `autoscalers` become one.', {
    default: 'max',
  }),
  autoscalers: key(nestedList, 'The autoscalers that are combined.'),
  strategies: key(nestedList, 'Autoscalers under another name.', { inactive: 'use `autoscalers`' }),
}

const fallback = key(nested, 'The autoscaler that decides within these limits.')
const scheduledKeys: ScheduledKeys = {
  schedule: key(list(object(windowKeys), 'a list of windows'), 'Limits by day and hour.'),
  fallback,
}
const predictiveKeys: PredictiveKeys = {
  lookback_window: key(integer({ min: 2 }), 'Samples of utilisation that are looked at.', { default: 10 }),
  growth_factor: key(number({ min: 0, max: 1000 }), 'Weight of the trend.', { default: 1.2 }),
  fallback,
}

const variants = {
  queue: queueKeys,
  reactive: reactiveKeys,
  slurm: slurmAutoscalerKeys,
  composite: compositeKeys,
  scheduled: scheduledKeys,
  predictive: predictiveKeys,
}

const fallbackDecides = 'its fallback decides, else the pool keeps its least size'
const options = {
  doc: 'How the size is decided.',
  inactive: { scheduled: fallbackDecides, predictive: fallbackDecides },
}

/** Autoscalers inside one another that are read; each level of a real file means something, and none needs more. */
const deepest = 8

export const autoscaler: Schema<AutoscalerValue> = {
  rule: 'a mapping with a type',
  read(node, path, reader) {
    if (path.split(/\.(?:autoscalers|strategies|fallback)\b/).length > deepest) {
      reader.error(node.place, path, `autoscalers may be nested ${deepest} deep at most`)
      return undefined
    }
    return readVariant(variants, node, path, reader, options)
  },
  format: (value) => value.type,
  jsonSchema: (definitions) => variantsJsonSchema(variants, options.doc, definitions, { typeRequired: true }),
  sections: () => variantSections(variants, options.doc, { typeRequired: true }),
}

/** The autoscaler of a pool; described once in the JSON Schema, whatever its key is called. */
export const poolAutoscaler: Schema<AutoscalerValue> = { ...nested, sections: () => autoscaler.sections?.() ?? [] }
