import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { runCommand } from '@navarch/system/run-command'
import { type Browser, chromium, type Page } from 'playwright-core'
import { buildDashboard } from '../../packages/dashboard/scripts/build.ts'

const executable = process.env['NAVARCH_CHROMIUM'] ?? '/usr/bin/chromium'

/** Why there is no browser here; undefined when there is one. */
export async function noBrowserReason(): Promise<string | undefined> {
  const version = await runCommand(executable, ['--version'], { deadlineMs: 20_000 }).catch(() => undefined)
  return version?.code === 0 ? undefined : `the web page needs ${executable}: install chromium, or set NAVARCH_CHROMIUM`
}

/** A browser, and the page built from what the sources are now. */
export async function openBrowser(): Promise<Browser> {
  await buildDashboard({ ifStale: true })
  return chromium.launch({ executablePath: executable, args: ['--no-sandbox'] })
}

/** A page that keeps what went wrong in it: exceptions, refused scripts and styles, errors of the console. */
export async function openPage(
  browser: Browser,
  options: { width?: number; theme?: 'dark' | 'light' } = {},
): Promise<{ page: Page; problems: string[] }> {
  const { width = 1440, theme = 'dark' } = options
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`${message.text()} ${message.location().url}`)
  })
  return { page, problems }
}

/** What axe finds that is serious or critical, a line each. */
export async function seriousAxeFindings(page: Page): Promise<string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  // By the debugger's way in: the page's own policy refuses scripts that are not its own.
  await page.evaluate(source)
  const { violations } = await page.evaluate<{ violations: AxeViolation[] }>('axe.run(document)')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    )
}

interface AxeViolation {
  id: string
  impact: string
  nodes: { target: string[]; failureSummary: string }[]
}
