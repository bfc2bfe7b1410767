import { readdirSync, readFileSync } from 'node:fs'

/** Releases with captures. */
export const releases = ['22.05', '23.11', '24.11', '25.11', '26.05'] as const
export type Release = (typeof releases)[number]

const folder = (release: Release) => new URL(`../fixtures/${release}/`, import.meta.url)

/** Names of a release's captures that match. */
export function captureNames(release: Release, pattern: RegExp): string[] {
  return readdirSync(folder(release)).filter((name) => pattern.test(name))
}

/** A capture as it is in its file. */
export function rawCapture(release: Release, name: string): string {
  return readFileSync(new URL(name, folder(release)), 'utf8')
}

/** A command's output, without the prompt line and the exit line around it. */
export function capture(release: Release, name: string): string {
  const text = rawCapture(release, name)
  if (name.endsWith('.json')) return text
  return text.replace(/^\$ .*\n/, '').replace(/# exit \d+\n?$/, '')
}

/** Whether the release did not know the command's option. */
export function isUnsupported(release: Release, name: string): boolean {
  return /unrecognized option/.test(capture(release, name))
}
