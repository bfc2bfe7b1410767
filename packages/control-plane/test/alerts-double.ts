import type { AlertService } from '../src/services/alert-service.ts'
import { ServiceError } from '../src/services/service-error.ts'

const missing = (): never => {
  throw new ServiceError('not_found', 'this double has no alerts')
}

/** A fleet in which nothing was ever wrong. */
export const alertsDouble: AlertService = {
  list: () => ({ alerts: [], total: 0 }),
  get: async () => missing(),
  acknowledge: async () => missing(),
  unacknowledge: async () => missing(),
  history: async () => [],
  silences: () => [],
  silence: missing,
  addSilence: async () => missing(),
  endSilence: async () => missing(),
  rules: () => [],
  rule: missing,
  addRule: async () => missing(),
  changeRule: async () => missing(),
  removeRule: async () => missing(),
  metrics: () => [],
  receivers: () => [],
  test: async () => missing(),
  simple: {
    list: () => [],
    get: missing,
    add: async () => missing(),
    change: async () => missing(),
    history: async () => [],
  },
  counts: () => ({ critical: 0, warning: 0, info: 0, todo: [] }),
}
