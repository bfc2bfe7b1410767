/** Work that waits for others to be done with it. */
interface Waiting<Call, Answer> {
  call: Call
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/** Done for one call of a group: its answer, or why it alone was not done. */
export type GroupAnswer<Answer> = { answer: Answer } | { error: unknown }

/**
 * Does calls in groups: those that wait while a group is done are the next one. When a group fails as a whole, each of its calls is
 * tried alone, so that one that cannot be done never takes others with it.
 * @param sizeOf what a call weighs; a group weighs at most `limit`, or is one call
 * @param work answers in the calls' order
 * @param isEveryones whether a failure would be that of each call alone: the database is away
 */
export function groupCalls<Call, Answer>(
  limit: number,
  sizeOf: (call: Call) => number,
  work: (calls: readonly Call[]) => Promise<GroupAnswer<Answer>[]>,
  isEveryones: (error: unknown) => boolean = () => false,
): (call: Call) => Promise<Answer> {
  let waiting: Waiting<Call, Answer>[] = []
  let busy = false

  const doGroup = async (group: readonly Waiting<Call, Answer>[]): Promise<void> => {
    try {
      const answers = await work(group.map(({ call }) => call))
      group.forEach(({ resolve, reject }, index) => {
        const answer = answers[index]
        if (answer && 'answer' in answer) resolve(answer.answer)
        else reject(answer?.error)
      })
    } catch (error) {
      if (group.length === 1 || isEveryones(error)) for (const { reject } of group) reject(error)
      else for (const one of group) await doGroup([one])
    }
  }

  const nextGroup = (): Waiting<Call, Answer>[] => {
    let size = 0
    let count = 0
    for (const { call } of waiting) {
      size += sizeOf(call)
      if (count > 0 && size > limit) break
      count++
    }
    const group = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return group
  }

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      await nextTurn()
      await doGroup(nextGroup())
    }
    busy = false
  }

  return (call) =>
    new Promise((resolve, reject) => {
      waiting.push({ call, resolve, reject })
      if (busy) return
      busy = true
      void drain()
    })
}

/** Lets everything that has arrived by now be heard. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
