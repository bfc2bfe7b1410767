import type { RunCommand } from '@navarch/system/run-command'
import { bridgeMac, bridgeName, chooseLabNumber, labNetwork } from './addresses.ts'
import { LabError } from './errors.ts'
import { mustRun } from './must-run.ts'

interface IpLink {
  ifname: string
  ifalias?: string
}

interface IpAddress {
  addr_info: { local: string; prefixlen: number }[]
}

interface IpRoute {
  dst: string
}

/** A lab number that no interface and no route of this machine uses. */
export async function findFreeLabNumber(run: RunCommand): Promise<number> {
  const addresses = parseJson<IpAddress[]>(await mustRun(run, 'ip', ['-json', '-4', 'address', 'show']))
  const routes = parseJson<IpRoute[]>(await mustRun(run, 'ip', ['-json', '-4', 'route', 'show', 'table', 'all']))
  const bridges = new Set((await readLinks(run)).map((link) => link.ifname))
  const inUse = [
    ...addresses.flatMap(({ addr_info }) => addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`)),
    ...routes.map((route) => route.dst),
  ]
  const n = chooseLabNumber(bridges, inUse)
  if (n === undefined) throw new LabError('no network of 10.213.0.0/16 is free for a lab')
  return n
}

/** Makes the bridge of lab `lab`, number `n`, with its address, unless it is there. May be repeated. */
export async function bridgeUp(run: RunCommand, lab: string, n: number): Promise<void> {
  const name = bridgeName(n)
  const { bridgeAddress } = labNetwork(n)
  if (!(await readLinks(run)).some((link) => link.ifname === name))
    await mustRun(run, 'ip', ['link', 'add', name, 'address', bridgeMac(n), 'type', 'bridge'])
  await mustRun(run, 'ip', ['link', 'set', name, 'alias', alias(lab), 'up'])
  await mustRun(run, 'ip', ['address', 'replace', `${bridgeAddress}/24`, 'dev', name])
}

/** Removes all bridges of lab `lab`, found by the alias they carry. None is no error. */
export async function bridgeDown(run: RunCommand, lab: string): Promise<void> {
  for (const link of await readLinks(run))
    if (link.ifalias === alias(lab)) await mustRun(run, 'ip', ['link', 'delete', link.ifname])
}

function alias(lab: string): string {
  return `navarch-lab:${lab}`
}

async function readLinks(run: RunCommand): Promise<IpLink[]> {
  return parseJson<IpLink[]>(await mustRun(run, 'ip', ['-json', 'link', 'show']))
}

function parseJson<T>(text: string): T {
  return JSON.parse(text)
}
