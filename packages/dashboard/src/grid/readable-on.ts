/** Ink for texts on colours: dark or white. */
const dark = '#10161d'
const white = '#ffffff'

/** The ink that is read better on a colour, by the contrast that WCAG defines. @param color as the style sheet has it, "#rrggbb" */
export function readableOn(color: string): string {
  const ground = luminance(color)
  return contrast(ground, luminance(white)) >= contrast(ground, luminance(dark)) ? white : dark
}

function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
}

function luminance(color: string): number {
  const [, red = '0', green = '0', blue = '0'] = /^#(..)(..)(..)/.exec(color) ?? []
  const [r = 0, g = 0, b = 0] = [red, green, blue].map((part) => {
    const share = Number.parseInt(part, 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
