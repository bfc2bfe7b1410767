/** Filters by what is written into a field each. `/` leads to the first. */
export function FilterInputs({
  fields,
  values,
  onChange,
}: {
  fields: readonly string[]
  values: Readonly<Record<string, string>>
  onChange: (field: string, text: string) => void
}) {
  return fields.map((field, index) => (
    <input
      key={field}
      aria-label={field}
      placeholder={field}
      value={values[field] ?? ''}
      {...(index === 0 ? { 'data-filter': '' } : {})}
      onChange={(event) => onChange(field, event.target.value)}
    />
  ))
}
