/**
 * An answer that goes on for long, and ends before its next part once the caller may not have it any more: a token that was
 * revoked tells nobody anything from then on.
 */
export function endOnceLost(answer: Response, holds: () => boolean): Response {
  if (!answer.body) return answer
  const reader = answer.body.getReader()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read()
        if (!done && holds()) return controller.enqueue(value)
        if (!done) await reader.cancel()
        controller.close()
      },
      cancel: (reason) => reader.cancel(reason),
    },
    // Nothing is held here: what is sent is made when there is room for it.
    { highWaterMark: 0 },
  )
  return new Response(body, answer)
}
