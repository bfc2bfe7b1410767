import type { PoolJson } from '@navarch/api/rest'

/** A pool's size on one scale from 0 to its maximum: busy, ready, coming, and a line where it wants to be. */
export function SizeBar({ size, isWide = false }: { size: PoolJson['size']; isWide?: boolean }) {
  const { busy, ready, provisioning, wanted, max, min } = size
  const top = Math.max(max, ready + provisioning, wanted, 1)
  const percent = (nodes: number) => `${(Math.max(0, nodes) / top) * 100}%`
  const text = `${ready} ready, ${busy} of them busy, ${provisioning} coming, ${wanted} wanted, ${min} to ${max} allowed`
  return (
    <span className={`size-bar ${isWide ? 'is-wide' : ''}`} role="img" aria-label={text} title={text}>
      <span className="size-part state-busy" style={{ width: percent(busy) }} />
      <span className="size-part state-idle" style={{ width: percent(ready - busy) }} />
      <span className="size-part state-powering" style={{ width: percent(provisioning) }} />
      <span className="size-mark" style={{ left: percent(wanted) }} />
    </span>
  )
}
