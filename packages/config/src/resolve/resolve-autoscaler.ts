import type { AutoscalerSpec } from '@navarch/core/pool/pool-spec'
import {
  type AutoscalerValue,
  compositeKeys,
  queueKeys,
  reactiveKeys,
  type WindowValue,
  windowKeys,
} from '../keys/autoscaler-keys.ts'
import { type PoolValue, scalingKeys } from '../keys/pool-keys.ts'
import { agreed, createResolver, type Resolver } from './settings.ts'

/**
 * The autoscaler that the file describes.
 * @param name path of its key among the effective settings
 * @returns undefined when nothing of it is active
 */
function resolveAutoscaler(value: AutoscalerValue, name: string, resolver: Resolver): AutoscalerSpec | undefined {
  const { pick, reader } = resolver
  resolver.note(`${name}.type`, value.type, `${resolver.file}:${(value.typePlace ?? value.place).line}`)
  switch (value.type) {
    case 'slurm':
      return { type: 'slurm' }
    case 'queue':
      return {
        type: 'queue',
        jobsPerNode: pick(`${name}.jobs_per_node`, queueKeys.jobs_per_node, [value.given.jobs_per_node]),
      }
    case 'reactive': {
      const up = [value.given.scale_up_threshold, value.given.scale_up_at]
      const down = [value.given.scale_down_threshold, value.given.scale_down_at]
      const scaleUpThreshold = pick(`${name}.scale_up_threshold`, reactiveKeys.scale_up_threshold, up)
      const scaleDownThreshold = pick(`${name}.scale_down_threshold`, reactiveKeys.scale_down_threshold, down)
      const given = [...down, ...up].find((each) => each !== undefined)
      if (given && scaleDownThreshold >= scaleUpThreshold) {
        const rule = 'must be less than scale_up_threshold'
        reader.error(
          given.place,
          given.path,
          `scale_down_threshold (${scaleDownThreshold}) ${rule} (${scaleUpThreshold})`,
        )
      }
      return { type: 'reactive', scaleUpThreshold, scaleDownThreshold }
    }
    case 'composite': {
      const { autoscalers, strategies } = value.given
      const mode = pick(`${name}.mode`, compositeKeys.mode, [value.given.mode])
      const parts = (autoscalers?.value ?? []).flatMap(
        (each, index) => resolveAutoscaler(each, `${name}.autoscalers[${index}]`, resolver) ?? [],
      )
      if (parts.length > 0) return { type: 'composite', mode, autoscalers: parts }
      if (value.intact && !strategies) {
        reader.error(
          autoscalers?.place ?? value.place,
          `${value.path}.autoscalers`,
          'must have at least one autoscaler',
        )
      }
      return undefined
    }
    case 'scheduled':
    case 'predictive': {
      if (value.type === 'scheduled')
        for (const window of value.given.schedule?.value ?? []) checkWindow(window, resolver)
      const given = value.given.fallback
      const fallback = given && resolveAutoscaler(given.value, `${name}.fallback`, resolver)
      return { type: value.type, ...(fallback && { fallback }) }
    }
  }
}

/** `scaling.autoscaler` or `autoscaling`; both only where they say the same. */
export function resolvePoolAutoscaler(pool: PoolValue, name: string, resolver: Resolver): AutoscalerSpec | undefined {
  const candidates = [pool.given.scaling?.value.given.autoscaler, pool.given.autoscaling].filter(
    (each) => each !== undefined,
  )
  const [first, second] = candidates
  if (!first) {
    resolver.note(name, '', `default: ${scalingKeys.autoscaler.defaultNote}`)
    return undefined
  }
  const spec = resolveAutoscaler(first.value, name, resolver)
  if (second) {
    const other = resolveAutoscaler(second.value, name, createResolver(resolver.file, resolver.reader))
    if (JSON.stringify(spec) !== JSON.stringify(other)) {
      const where = `${first.path} on line ${first.place.line}`
      resolver.reader.error(second.place, second.path, `conflicts with ${where}: they are one setting, keep one`)
    }
  }
  return spec
}

function checkWindow({ place, path, given, intact }: WindowValue, { reader }: Resolver): void {
  const start = agreed([given.start_hour, given.start], windowKeys.start_hour, reader)
  const end = agreed([given.end_hour, given.end], windowKeys.end_hour, reader)
  const { min_nodes: min, max_nodes: max } = given
  if (intact && (!start || !end)) reader.error(place, path, 'needs start_hour and end_hour')
  if (start && end && start.value >= end.value) {
    reader.error(end.place, end.path, `must be later than start_hour (${start.value}); a window ends by midnight`)
  }
  if (min && max && min.value > max.value) {
    reader.error(min.place, min.path, `must be at most max_nodes (${max.value}), not ${min.value}`)
  }
}
