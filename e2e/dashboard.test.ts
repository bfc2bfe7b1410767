import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AlertJson } from '@navarch/api/alerts'
import type { JobListJson } from '@navarch/api/jobs'
import type { OperationJson } from '@navarch/api/rest'
import type { FleetJson } from '@navarch/api/views'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noBrowserReason, openBrowser, openPage, seriousAxeFindings } from './lab/browser.ts'
import { root } from './lab/process.ts'
import { until } from './lab/until.ts'

const reason = await noBrowserReason()

function alertOf(id: string, change: Partial<AlertJson>): AlertJson {
  return {
    id,
    rule: 'NodeUnhealthy',
    severity: 'warning',
    state: 'firing',
    labels: { node: 'lab-001' },
    value: 2,
    unknown_since: null,
    unit: '',
    condition: 'gte',
    threshold: 2,
    summary: `summary of ${id}`,
    meaning: '',
    action: '',
    runbook_url: null,
    being_handled: null,
    awaits_approval: null,
    started_at: new Date().toISOString(),
    fired_at: new Date().toISOString(),
    resolved_at: null,
    resolved_reason: '',
    acknowledged: null,
    silenced_by: null,
    inhibited_by: null,
    group: id,
    notified: [],
    ...change,
  }
}

describe.skipIf(reason)(`the web page, on the demo${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let demo: ChildProcess
  let url = ''
  let browser: Browser

  beforeAll(async () => {
    browser = await openBrowser()
    demo = spawn(process.execPath, [`${root}/packages/demo/src/main.ts`, '--port', '0', '--speed', '3'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    demo.stdout?.on('data', (chunk) => {
      output += chunk
    })
    await until('the demo listens', async () => output.includes('Ctrl-C'), 60_000)
    url = /(http:\/\/\S+:\d+)/.exec(output)?.[1] ?? ''
    const fleet = async () => (await get<FleetJson>('/api/v1/fleet')).nodes.length >= 32
    await until('32 nodes are there', fleet, 60_000)
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    demo?.kill('SIGTERM')
    if (demo && demo.exitCode === null) await once(demo, 'exit')
  })

  async function get<T>(path: string): Promise<T> {
    return (await (await fetch(`${url}${path}`)).json()) as T
  }
  const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name })
  const answer = (page: Page) => page.locator('.answer').first()

  /** Paths of all pages, with those of one thing for something that is there now. */
  async function pages(): Promise<string[]> {
    const { nodes } = await get<FleetJson>('/api/v1/fleet')
    const { jobs } = await get<JobListJson>('/v1/jobs?limit=1')
    const operations = await get<OperationJson[]>('/api/v1/operations?all=true')
    return [
      ...['/', '/nodes', '/nodes?view=table', `/nodes/${nodes[0]?.id}`, '/pools', '/pools/train'],
      ...['/jobs', '/jobs?view=waste', `/jobs/${jobs[0]?.run_id}`, '/queue'],
      ...['/operations', `/operations/${operations[0]?.id}`],
      ...['/alerts', '/alerts?view=rules', '/alerts?view=silences', '/alerts?view=history', '/slurm', '/usage'],
    ]
  }

  test.each([
    ['dark', 1440],
    ['light', 1440],
    ['dark', 360],
  ] as const)('every page opens without an error, and axe finds nothing serious (%s, %d px)', async (theme, width) => {
    const { page, problems } = await openPage(browser, { theme, width })
    for (const path of await pages()) {
      await page.goto(`${url}${path}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      expect(await seriousAxeFindings(page), path).toEqual([])
      expect(await page.locator('.failure').allTextContents(), path).toEqual([])
      const [content, window] = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, innerWidth]',
      )
      expect(content, `${path} is wider than the window`).toBeLessThanOrEqual(window)
      const cut = await page.evaluate<string[]>(
        "[...document.querySelectorAll('.table')].filter((table) => table.scrollWidth > table.clientWidth).map((table) => table.ariaLabel)",
      )
      expect(cut, `tables of ${path} that are wider than their room`).toEqual([])
    }
    expect(problems).toEqual([])
    await page.context().close()
  })

  test('the keyboard alone goes everywhere', async () => {
    const { page, problems } = await openPage(browser)
    await page.goto(url)
    await heading(page, 'Overview').waitFor()
    for (const [keys, name] of [
      ['gn', 'Nodes'],
      ['gj', 'Jobs'],
      ['gq', 'Queue'],
      ['gp', 'Pools'],
      ['ga', 'Alerts'],
      ['go', 'Overview'],
    ] as const) {
      await page.keyboard.type(keys)
      await heading(page, name).waitFor()
    }
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'hidden' })

    await page.keyboard.press('Control+k')
    await page.keyboard.type('train-00')
    await page
      .getByRole('option', { name: /train-00/ })
      .first()
      .waitFor()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.url(), { timeout: 20_000 }).toContain('/nodes/train-00')

    await page.keyboard.type('gj')
    await heading(page, 'Jobs').waitFor()
    await page.getByRole('table', { name: 'Jobs' }).locator('[tabindex="0"]').focus()
    await page.keyboard.press('j')
    await expect.poll(() => page.url(), { timeout: 20_000 }).toContain('job=')
    await page.keyboard.press('Enter')
    await heading(page, /^Job /).waitFor()
    expect(problems).toEqual([])
    await page.context().close()
  })

  test('e explains what is selected, says what to do first, or explains the page', async () => {
    const { page, problems } = await openPage(browser)
    await page.goto(`${url}/queue`)
    await page.getByRole('table', { name: 'Pending jobs' }).waitFor()
    await page.keyboard.press('e')
    await page.getByText('Nothing is selected').waitFor()
    await page.keyboard.press('j')
    await page.getByRole('complementary', { name: 'Details' }).waitFor()
    await page.keyboard.press('e')
    await page.locator('.side-panel:focus').waitFor()

    await page.goto(`${url}/operations`)
    await page.getByRole('table', { name: 'Operations' }).waitFor()
    await page.keyboard.press('j')
    await expect.poll(() => page.url(), { timeout: 20_000 }).toContain('operation=')
    await page.keyboard.press('e')
    await heading(page, /^Operation /).waitFor()
    await page.locator('.answer').waitFor()
    await page.keyboard.press('e')
    await page.locator('.answer:focus').waitFor()

    await page.goto(`${url}/nodes?q=node:train-001`)
    await page.locator('.answer', { hasText: '1 of' }).waitFor()
    await page.keyboard.press('e')
    await expect.poll(() => page.url(), { timeout: 20_000 }).toContain('node=train-001')
    expect(problems).toEqual([])
    await page.context().close()
  })

  test('all nodes that a filter leaves are selected at once, and one sees when some are no longer shown', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${url}/nodes?view=table&q=node:train-001`)
    await page.getByRole('checkbox', { name: 'Select all 1' }).click()
    const bulk = page.getByRole('region', { name: 'Selected nodes' })
    await expect.poll(() => bulk.textContent(), { timeout: 20_000 }).toContain('1 node selected')
    await page.getByRole('combobox', { name: 'Filter' }).fill('node:train-003')
    await page.keyboard.press('Enter')
    await expect.poll(() => bulk.textContent(), { timeout: 20_000 }).toContain('1 of them not shown by the filter')
    await page.context().close()
  })

  test('a URL shows another person the same', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${url}/jobs`)
    await page.getByLabel('State').selectOption('running')
    await page.getByRole('textbox', { name: 'partition' }).fill('train')
    await expect.poll(() => new URL(page.url()).search, { timeout: 20_000 }).toBe('?state=running&partition=train')
    const other = await openPage(browser)
    await other.page.goto(page.url())
    expect(await other.page.getByLabel('State').inputValue()).toBe('running')
    expect(await other.page.getByRole('textbox', { name: 'partition' }).inputValue()).toBe('train')
    await page.context().close()
    await other.page.context().close()
  })

  test('a job that waits has no start and no figures, but why it waits; the queue leads to it', async () => {
    const { page, problems } = await openPage(browser)
    await page.goto(`${url}/queue`)
    const rows = page.getByRole('table', { name: 'Pending jobs' })
    await rows.getByRole('link', { name: '1004', exact: true }).click()
    await heading(page, /^Job 1004/).waitFor()
    await expect.poll(() => answer(page).textContent(), { timeout: 20_000 }).toContain('Its user holds it.')
    const facts = page.locator('.facts').filter({ hasText: 'Submitted' })
    await expect.poll(() => facts.textContent(), { timeout: 20_000 }).toContain('Startednot yetAsks for1 node, 8 GPUs')
    expect(await page.getByText('Runs for').count()).toBe(0)
    expect(await page.getByRole('heading', { name: 'Over time' }).count()).toBe(0)
    await page.getByRole('link', { name: 'In the queue' }).click()
    await page.getByRole('complementary', { name: 'Details' }).getByRole('link', { name: 'Job 1004' }).waitFor()
    await page.goto(`${url}/jobs?state=pending&user=mary`)
    await page.getByRole('row', { name: /1004/ }).getByText('waits').waitFor()
    expect(problems).toEqual([])
    await page.context().close()
  })

  test('the keys of a list work after a click, and Enter in the queue opens the job', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${url}/nodes`)
    await page.getByRole('button', { name: 'Table' }).click()
    await page.getByRole('table', { name: 'Nodes' }).waitFor()
    await page.keyboard.type('jj')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.url(), { timeout: 20_000 }).toContain('node=')
    await page.goto(`${url}/queue`)
    await page.getByRole('table', { name: 'Pending jobs' }).waitFor()
    await page.keyboard.press('j')
    await expect.poll(() => page.url(), { timeout: 20_000 }).toContain('job=')
    await page.keyboard.press('Enter')
    await heading(page, /^Job /).waitFor()
    await page.context().close()
  })

  test('what is not there is said calmly: a page, a node, a job, a list that a filter empties', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${url}/nope`)
    await heading(page, 'There is no such page').waitFor()
    expect(await page.title()).toContain('There is no such page')
    await page.getByRole('link', { name: 'Go to the overview' }).waitFor()
    await page.goto(`${url}/nodes/train-999`)
    await page.locator('.answer', { hasText: 'There is no node train-999' }).waitFor()
    await page.goto(`${url}/jobs/99999999`)
    await page.getByText('job not found').waitFor()
    expect(await page.locator('.failure').count()).toBe(0)
    await page.goto(`${url}/jobs?user=nobody`)
    await page.locator('.answer', { hasText: '0 jobs fit the filter' }).waitFor()
    await page.getByRole('button', { name: 'Clear the filter' }).click()
    await page.getByRole('table', { name: 'Jobs' }).waitFor()
    await page.context().close()
  })

  test('a phone has the list, and the fields that filter it behind a button', async () => {
    const { page } = await openPage(browser, { width: 390 })
    await page.goto(`${url}/jobs`)
    await page
      .getByRole('table', { name: 'Jobs' })
      .getByText(/ran .*, began /)
      .first()
      .waitFor()
    const user = page.getByRole('textbox', { name: 'user' })
    expect(await user.isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Filter' }).click()
    await user.waitFor()
    await page.context().close()
  })

  test('rules say their limits exactly', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${url}/alerts?view=rules`)
    await page.getByText(/slurm_availability_percent < 99\.9 /).waitFor()
    await page.context().close()
  })

  test('an alert whose operation waits has its buttons, and a silenced one is seen to be, also beside the panel', async () => {
    const { page } = await openPage(browser)
    const waiting = async () => {
      const all = await get<OperationJson[]>('/api/v1/operations?all=true')
      return all.find(({ state }) => state === 'waiting_for_approval')
    }
    await expect.poll(waiting, { timeout: 60_000, interval: 500 }).toBeDefined()
    const operation = await waiting()
    await page.route('**/api/v1/alerts?*', (route) =>
      route.fulfill({
        json: [alertOf('a1', { awaits_approval: operation?.id ?? '' }), alertOf('a2', { silenced_by: 's1' })],
      }),
    )
    await page.goto(`${url}/alerts`)
    const rows = page.getByRole('table', { name: 'Alerts' })
    expect(await rows.getByRole('link', { name: 'to approve' }).getAttribute('href')).toBe(
      `/operations/${operation?.id}`,
    )
    await rows.getByRole('row', { name: /summary of a1/ }).click()
    const panel = page.getByRole('complementary', { name: 'Details' })
    await panel.getByRole('button', { name: 'Approve' }).waitFor()
    await panel.getByRole('button', { name: 'Reject' }).waitFor()
    await rows.getByText('silenced').first().waitFor()
    await page.context().close()
  })

  test('a job’s page has its verdict, its curves and its user’s other jobs', async () => {
    const { page } = await openPage(browser)
    const measured = async () => {
      const { jobs } = await get<JobListJson>('/v1/jobs?limit=50')
      return jobs.find(({ sample_count, gpus }) => sample_count > 3 && gpus.length > 0)
    }
    await expect.poll(measured, { timeout: 60_000, interval: 1000 }).toBeDefined()
    const job = await measured()
    await page.goto(`${url}/jobs/${job?.run_id}`)
    await expect.poll(() => answer(page).textContent(), { timeout: 20_000 }).toContain(`Job ${job?.id}`)
    await page.locator('.chart canvas').first().waitFor()
    expect(await page.locator('.chart-grid.small .chart').count()).toBeGreaterThan(0)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('.chart').first().getByRole('button', { name: 'CSV' }).click(),
    ])
    expect(download.suggestedFilename()).toMatch(/\.csv$/)
    await page.context().close()
  })

  test('an operation that waits is approved on the page, and the page follows it', async () => {
    const { page, problems } = await openPage(browser)
    const waiting = async () => {
      const all = await get<OperationJson[]>('/api/v1/operations?all=true')
      return all.find(({ state }) => state === 'waiting_for_approval')
    }
    await expect.poll(waiting, { timeout: 60_000, interval: 500 }).toBeDefined()
    const operation = await waiting()
    await page.goto(`${url}/operations/${operation?.id}`)
    await expect.poll(() => answer(page).textContent(), { timeout: 20_000 }).toContain('waits for your approval')
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await expect.poll(() => answer(page).textContent(), { timeout: 60_000 }).toContain('is done')
    const after = await get<OperationJson>(`/api/v1/operations/${operation?.id}`)
    expect(after).toMatchObject({ state: 'succeeded', approval: { state: 'approved' } })
    expect(problems).toEqual([])
    await page.context().close()
  })

  test('the page says so when the control plane is gone, and keeps what it has', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${url}/nodes?view=table`)
    await heading(page, 'Nodes').waitFor()
    await page.getByText('train-001').first().waitFor()
    demo.kill('SIGSTOP')
    await page.locator('.freshness', { hasText: 'not connected' }).waitFor({ timeout: 60_000 })
    await page.locator('.answer.mood-unknown', { hasText: 'Not connected' }).waitFor({ timeout: 60_000 })
    const isThere = await page.getByText('train-001').count()
    demo.kill('SIGCONT')
    expect(isThere).toBeGreaterThan(0)
    await page.locator('.freshness', { hasText: 'not connected' }).waitFor({ state: 'detached', timeout: 60_000 })
    await page.context().close()
  })
})
