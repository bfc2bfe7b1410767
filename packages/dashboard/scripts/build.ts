/**
 * Builds the web page into `packages/dashboard/dist`: hashed names, a compressed twin beside each file.
 *
 *   node packages/dashboard/scripts/build.ts [--if-stale]
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { build, type Metafile } from 'esbuild'

const folder = join(import.meta.dirname, '..')
const dist = join(folder, 'dist')

/** Builds the page, unless `ifStale` and no source is newer than what is there. @returns whether it built */
export async function buildDashboard({ ifStale = false }: { ifStale?: boolean } = {}): Promise<boolean> {
  if (ifStale && !(await isStale())) return false
  // Made beside and moved, so that a server never sees half of it.
  const fresh = `${dist}.${process.pid}`
  await rm(fresh, { recursive: true, force: true })
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: {
      main: 'src/main.tsx',
      theme: 'src/app/early-theme.ts',
      style: 'src/styles/main.css',
      icon: 'src/icon.svg',
    },
    outdir: fresh,
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
    loader: { '.svg': 'copy' },
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    minify: true,
    metafile: true,
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  })
  const html = fillTemplate(await readFile(join(folder, 'index.html'), 'utf8'), entryFiles(metafile))
  await writeFile(join(fresh, 'index.html'), html)
  await compressAll(fresh)
  const old = `${dist}.old.${process.pid}`
  await rename(dist, old).catch(() => {})
  await rename(fresh, dist)
  await rm(old, { recursive: true, force: true })
  return true
}

/** URL of each entry's file, by the entry's name in the template. */
function entryFiles(metafile: Metafile): Record<string, string> {
  const urls: Record<string, string> = {}
  for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint === 'src/main.tsx') urls['js'] = urlOf(file)
    else if (entryPoint === 'src/app/early-theme.ts') urls['theme'] = urlOf(file)
    else if (entryPoint === 'src/styles/main.css') urls['css'] = urlOf(file)
    else if (file.endsWith('.svg')) urls['icon'] = urlOf(file)
  }
  return urls
}

const urlOf = (file: string) => `/assets/${basename(file)}`

function fillTemplate(template: string, urls: Record<string, string>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const url = urls[name]
    if (url === undefined) throw new Error(`the build made no file for {{${name}}} of index.html`)
    return url
  })
}

async function compressAll(root: string): Promise<void> {
  const names = await readdir(root, { recursive: true })
  await Promise.all(
    names
      .filter((name) => /\.(js|css|html|svg)$/.test(name))
      .map(async (name) => {
        const content = await readFile(join(root, name))
        const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length }
        await writeFile(join(root, `${name}.br`), await promisify(brotliCompress)(content, { params }))
        await writeFile(join(root, `${name}.gz`), await promisify(gzip)(content, { level: 9 }))
      }),
  )
}

async function isStale(): Promise<boolean> {
  const built = await modifiedAt(join(dist, 'index.html'))
  if (built === undefined) return true
  const sources = await readdir(join(folder, 'src'), { recursive: true })
  const api = join(folder, '../api/src')
  const files = [
    ...sources.map((name) => join(folder, 'src', name)),
    ...(await readdir(api)).map((name) => join(api, name)),
    join(folder, 'index.html'),
    import.meta.filename,
  ]
  const times = await Promise.all(files.map(modifiedAt))
  return times.some((time) => (time ?? 0) > built)
}

async function modifiedAt(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
}

if (import.meta.main) {
  await mkdir(folder, { recursive: true })
  const built = await buildDashboard({ ifStale: process.argv.includes('--if-stale') })
  console.log(built ? `built ${dist}` : 'up to date')
}
