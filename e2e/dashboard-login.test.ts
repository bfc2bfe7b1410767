import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noBrowserReason, openBrowser, openPage } from './lab/browser.ts'
import { freePort } from './lab/pool-on-slurm.ts'
import { type ControlPlaneProcess, startControlPlane } from './lab/process.ts'
import { until } from './lab/until.ts'

const reason = await noBrowserReason()
const tokens = { admin: 'the-admin-token', operator: 'the-operator-token', viewer: 'the-viewer-token' }

describe.skipIf(reason)(`login on the web page${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let dir: string
  let plane: ControlPlaneProcess
  let browser: Browser

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'navarch-login-'))
    const config = join(dir, 'navarch-config.yaml')
    writeFileSync(
      config,
      `server:
  jobs_address: none
  slurm_metrics_address: none
  autoscale_interval: 1s
  auth:
    tokens:
      - {name: wall, role: viewer, token_env: VIEWER_TOKEN}
      - {name: on-call, role: operator, token_env: OPERATOR_TOKEN}
slurm: {driver: none}
pools:
  careful: {provider: fake, instance_type: h100, min_nodes: 1, max_nodes: 1, mode: recommend, bootstrap: none}
`,
    )
    browser = await openBrowser()
    plane = await startControlPlane({
      config,
      dataDir: join(dir, 'data'),
      port: await freePort(),
      output: join(dir, 'log'),
      env: { NAVARCH_AUTH_TOKEN: tokens.admin, VIEWER_TOKEN: tokens.viewer, OPERATOR_TOKEN: tokens.operator },
    })
    const proposed = async () => {
      const headers = { authorization: `Bearer ${tokens.viewer}` }
      const operations = await fetch(`${plane.url}/api/v1/operations`, { headers })
      return (await operations.text()).includes('waiting_for_approval')
    }
    await until('the pool has proposed its node', proposed, 30_000)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await plane?.kill()
    rmSync(dir, { recursive: true, force: true })
  })

  async function logIn(page: Page, token: string): Promise<void> {
    await page.getByLabel('Token').fill(token)
    await page.getByRole('button', { name: 'Log in' }).click()
  }

  test('nothing of the fleet is seen without one, and a wrong token is refused with a reason', async () => {
    const { page } = await openPage(browser)
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.goto(`${plane.url}/operations`)
    await page.getByLabel('Token').waitFor()
    expect(asked.filter((path) => path.startsWith('/api/'))).toEqual([])
    await logIn(page, 'wrong')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toMatch(/token/i)
    await page.context().close()
  })

  test('a viewer sees what waits, and has no button for it; the server refuses it too', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${plane.url}/operations`)
    await logIn(page, tokens.viewer)
    await page.getByText('Waiting for approval').first().waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    const link = page.getByRole('link', { name: /provision of/ }).first()
    const id = /[0-9a-f]{12}/.exec((await link.getAttribute('href')) ?? '')?.[0]
    expect(id).toBeDefined()
    const status = await page.evaluate<number>(
      `fetch('/api/v1/operations/${id}/approve', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }).then(r => r.status)`,
    )
    expect(status).toBe(403)
    await page.context().close()
  })

  test('an operator approves; the session lasts over a reload and ends with the logout', async () => {
    const { page, problems } = await openPage(browser)
    await page.goto(`${plane.url}/operations`)
    await logIn(page, tokens.operator)
    await page.getByText('Waiting for approval').first().waitFor()
    await page.reload()
    await page.getByRole('button', { name: 'Approve' }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await page.getByText('nothing waits for you').waitFor()
    expect(problems).toEqual([])
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Token').waitFor()
    expect(await page.context().cookies()).toEqual([])
    await page.context().close()
  })

  test('a change that another site has the browser send is refused', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${plane.url}/`)
    await logIn(page, tokens.admin)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    const status = await page.evaluate<number>(
      `fetch('/api/v1/pools/careful/scale', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"nodes":1}' }).then(r => r.status)`,
    )
    expect(status).toBe(403)
    await page.context().close()
  })
})
