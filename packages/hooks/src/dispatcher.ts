import type { HookKind } from './hook-places.ts'
import { isPattern } from './hook-places.ts'

/** What a dispatcher runs. */
export interface Dispatched {
  /** The site's own program, or a pattern of programs. */
  site: string
  /** Our hook; undefined where the site's pattern has it. */
  hook?: string
}

/**
 * A program that runs the site's own hook and then ours, and answers with the exit status of the site's: of several, with
 * the first that is not 0. Where a site's Prolog fails, no job starts here and ours is not run.
 */
export function dispatcherText({ key, event }: HookKind, { site, hook }: Dispatched): string {
  const starts = event.startsWith('prolog')
  const failed = starts ? 'exit "$status"' : 'continue'
  const siteLines = isPattern(site)
    ? [
        'status=0',
        `for program in ${site}; do`,
        '    [ -f "$program" ] && [ -x "$program" ] || continue',
        '    "$program"',
        '    code=$?',
        '    [ "$code" -eq 0 ] && continue',
        '    [ "$status" -eq 0 ] && status=$code',
        `    ${failed}`,
        'done',
      ]
    : [`'${site}'`, 'status=$?', ...(starts ? ['[ "$status" -eq 0 ] || exit "$status"'] : [])]
  return [
    '#!/bin/sh',
    `# Navarch, ${key} of this site: its own program first, then Navarch's. Written by \`navarch hooks install\`;`,
    "# `navarch hooks remove` puts the site's own back.",
    `# site: ${site}`,
    ...siteLines,
    ...(hook === undefined ? [] : [`[ -x '${hook}' ] && '${hook}'`]),
    'exit "$status"',
    '',
  ].join('\n')
}

/** The site's own program of a dispatcher of ours; undefined when the text is none. */
export function siteOfDispatcher(text: string): string | undefined {
  return /^# site: (\S+)$/m.exec(text)?.[1]
}
