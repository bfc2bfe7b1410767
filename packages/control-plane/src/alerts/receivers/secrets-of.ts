import type { ReceiverSpec, SecretRef } from '@navarch/core/alert/alerts-spec'

/** All that a receiver needs and its configuration does not say itself. */
export function secretsOf(spec: ReceiverSpec): SecretRef[] {
  switch (spec.type) {
    case 'webhook':
      return given(spec.url, spec.secret, spec.token)
    case 'slack':
      return given(spec.url)
    case 'email':
      return given(spec.password)
    case 'pagerduty':
      return given(spec.routingKey)
    case 'alertmanager':
      return given(spec.token, spec.password)
  }
}

function given(...refs: readonly (SecretRef | undefined)[]): SecretRef[] {
  return refs.filter((ref) => ref !== undefined).filter(({ kind }) => kind !== 'text')
}
