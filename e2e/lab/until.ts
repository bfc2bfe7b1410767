/** Waits until something holds. @throws when it does not within `withinMs` */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
  withinMs: number,
  everyMs = 100,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`within ${withinMs} ms it did not come true that ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
