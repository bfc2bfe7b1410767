import { keyOf } from '../lib/key-of.ts'
import { useUrlState } from '../lib/url-state.ts'
import { Switch } from './switch.tsx'

/** How far back charts and lanes look, by hours. */
export const dayStretches = { '6': '6 h', '24': '24 h', '168': '7 d' } as const

/** How far back the page looks: `hours` of its URL. @param usual where the URL says nothing, or nothing that is offered */
export function useHours<Hours extends string>(stretches: Readonly<Record<Hours, string>>, usual: Hours): Hours {
  const [url] = useUrlState()
  return keyOf(stretches, url['hours'], usual)
}

/** Changes how far back the page looks. */
export function HoursSwitch<Hours extends string>({
  stretches,
  usual,
}: {
  stretches: Readonly<Record<Hours, string>>
  usual: Hours
}) {
  const [, setUrl] = useUrlState()
  const hours = useHours(stretches, usual)
  return (
    <Switch
      label="How far back"
      choices={stretches}
      value={hours}
      onChange={(key) => setUrl({ hours: key === usual ? undefined : key })}
    />
  )
}
