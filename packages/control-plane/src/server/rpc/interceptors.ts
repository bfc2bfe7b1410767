import { ConnectError, type Interceptor } from '@connectrpc/connect'
import type { Log } from '@navarch/system/log'
import { ServiceError } from '../../services/service-error.ts'
import { accessOfRpc, isAnsweredFor } from '../access-rules.ts'
import type { Access } from '../auth/access.ts'
import { callerKey, principalKey } from '../caller.ts'
import { connectErrorOf, serviceErrorOf } from '../failure.ts'

/** Refuses calls that their caller may not make, ends streams that it may not have any more, and logs who changed what. */
export function accessInterceptor(access: Access, log: Log): Interceptor {
  return (next) => async (request) => {
    const caller = request.contextValues.get(callerKey)
    const need = accessOfRpc(request.service.typeName, request.method.localName)
    const decision = access.decide(caller, need)
    if (!decision.allowed) throw connectErrorOf(new ServiceError(decision.code, decision.message))
    request.contextValues.set(principalKey, decision.principal)
    const response = await next(request)
    if (isAnsweredFor(need))
      log.info('changed', { by: decision.principal?.name ?? 'somebody', request: request.method.name })
    if (!response.stream) return response
    return { ...response, message: failOnceLost(response.message, () => access.holds(caller, need)) }
  }
}

/** A stream that fails before its next message once the caller may not have it any more. */
async function* failOnceLost<T>(messages: AsyncIterable<T>, holds: () => boolean): AsyncGenerator<T> {
  for await (const message of messages) {
    if (!holds()) throw new ServiceError('unauthorized', 'what the call began with is good no more')
    yield message
  }
}

/** Puts every failure of a handler, also in the middle of a stream, into the words and codes of the contract. */
export function failureInterceptor(log: Log): Interceptor {
  return (next) => async (request) => {
    const translate = (error: unknown): ConnectError =>
      error instanceof ConnectError ? error : connectErrorOf(serviceErrorOf(error, log, request.method.name))
    try {
      const response = await next(request)
      if (!response.stream) return response
      return { ...response, message: translated(response.message, translate) }
    } catch (error) {
      throw translate(error)
    }
  }
}

async function* translated<T>(messages: AsyncIterable<T>, translate: (error: unknown) => Error): AsyncGenerator<T> {
  try {
    yield* messages
  } catch (error) {
    throw translate(error)
  }
}
