/** One of a few, as buttons side by side. */
export function Switch<Key extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  /** Says to a screen reader what is chosen. */
  label: string
  /** The words, by key, in order. */
  choices: Readonly<Record<Key, string>>
  value: Key
  onChange: (key: Key) => void
}) {
  return (
    <fieldset className="button-row" aria-label={label}>
      {(Object.keys(choices) as Key[]).map((key) => (
        <button key={key} type="button" className="button" aria-pressed={key === value} onClick={() => onChange(key)}>
          {choices[key]}
        </button>
      ))}
    </fieldset>
  )
}
