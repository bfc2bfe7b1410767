/** A text of the URL as one of the keys that there are; the usual one where it is none of them. */
export function keyOf<Key extends string>(
  choices: Readonly<Record<Key, unknown>>,
  text: string | undefined,
  usual: NoInfer<Key>,
): Key {
  return text !== undefined && Object.hasOwn(choices, text) ? (text as Key) : usual
}
