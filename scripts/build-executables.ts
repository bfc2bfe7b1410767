/**
 * Builds what is installed on machines: dist/bundle/<program>/main.mjs for any Node that is new enough, and
 * dist/executables/<program>-linux-<amd64|arm64>, which needs no Node.
 *
 *   node scripts/build-executables.ts [--only navarch-node|navarch|navarch-control-plane] [--arch amd64|arm64]
 *
 * An executable is a short shell script with the compressed bundle, Node and libatomic behind it. It unpacks them once
 * and runs them from there. Node's own single executables do without the unpacking, but need libatomic on the machine,
 * which a minimal one does not have, and are three times the size to download.
 *
 * Parts are kept by content in dist/runtime: only what changed is made again.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { runCommand } from '@navarch/system/run-command'
import { build } from 'esbuild'
import { buildDashboard } from '../packages/dashboard/scripts/build.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

/** Installed programs: their package, and its modules that become files of their own, since some run as threads. */
const programs = {
  'navarch-node': { folder: 'agent', modules: { main: 'main' }, dashboard: false },
  navarch: { folder: 'cli', modules: { main: 'main' }, dashboard: false },
  'navarch-control-plane': {
    folder: 'control-plane',
    modules: {
      main: 'main',
      'navarch-store-worker': 'store/sqlite/worker',
      'navarch-backup-worker': 'store/backup/backup-worker',
      'navarch-jobs-worker': 'store/jobs/job-worker',
    },
    dashboard: true,
  },
} as const
type Program = keyof typeof programs

/** Debian's names of the processors, with Node's, the kernel's and where a machine of that kind keeps its libraries. */
const processors = {
  amd64: { node: 'x64', kernel: 'x86_64', libraries: ['/usr/lib/x86_64-linux-gnu', '/usr/lib64'] },
  arm64: { node: 'arm64', kernel: 'aarch64', libraries: ['/usr/lib/aarch64-linux-gnu', '/usr/lib64'] },
} as const
type Processor = keyof typeof processors

/** A file that an executable carries. */
interface Part {
  name: string
  /** Compressed. */
  bytes: Buffer
}

interface Runtime {
  nodeVersion: string
  parts: Part[]
}

/** Bundles a program: one file for each of its modules. */
async function bundle(program: Program): Promise<{ name: string; content: Buffer }[]> {
  const { folder, modules } = programs[program]
  const outdir = join(dist, 'bundle', program)
  const entries = Object.entries(modules)
  const { outputFiles } = await build({
    entryPoints: entries.map(([out, source]) => ({ out, in: join(root, 'packages', folder, 'src', `${source}.ts`) })),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // What CommonJS packages expect to find around them.
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url),__dirname=import.meta.dirname,__filename=import.meta.filename;",
    },
    // Compiled parts that their packages do without when they cannot be loaded.
    external: ['cpu-features', '*.node'],
    legalComments: 'none',
    logLevel: 'error',
    write: false,
  })
  await mkdir(outdir, { recursive: true })
  return Promise.all(
    outputFiles.map(async ({ path, contents }) => {
      const content = Buffer.from(contents)
      await replace(path, content)
      return { name: basename(path), content }
    }),
  )
}

/** The name of the part that has the dashboard's files; it is unpacked into a folder of that name beside the program. */
const dashboardPart = 'dashboard.tar'

/** The built dashboard as one file, the same for the same content. */
async function packDashboard(): Promise<{ name: string; content: Buffer }> {
  await buildDashboard({ ifStale: true })
  const folder = join(root, 'packages', 'dashboard')
  const path = join(dist, 'bundle', 'dashboard.tar')
  await mkdir(join(dist, 'bundle'), { recursive: true })
  const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX']
  const packed = await runCommand('tar', [...fixed, '-C', join(folder, 'dist'), '-cf', path, '.'], {
    deadlineMs: 60_000,
  })
  if (packed.code !== 0) throw new Error(`the dashboard cannot be packed: ${packed.stderr.trim()}`)
  return { name: dashboardPart, content: await readFile(path) }
}

/** Node for a processor, from the packages that `npm ci` installs, or from the registry for a processor other than ours. */
async function findNode(processor: Processor): Promise<{ path: string; version: string } | undefined> {
  const name = `node-linux-${processors[processor].node}`
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const version: string = manifest.optionalDependencies[name]
  const installed = join(root, 'node_modules', name, 'bin', 'node')
  if (existsSync(installed)) return { path: installed, version }
  const folder = join(dist, 'runtime', `${name}-${version}`)
  const fetched = join(folder, 'package', 'bin', 'node')
  if (existsSync(fetched)) return { path: fetched, version }
  await mkdir(folder, { recursive: true })
  const steps: [string, string[]][] = [
    ['npm', ['pack', `${name}@${version}`, '--pack-destination', folder, '--silent']],
    ['tar', ['-xzf', join(folder, `${name}-${version}.tgz`), '-C', folder]],
  ]
  for (const [tool, args] of steps) {
    const result = await runCommand(tool, args, { deadlineMs: 300_000 })
    if (result.code === 0) continue
    process.stderr.write(`${name} ${version} cannot be had: ${result.stderr.trim().split('\n')[0]}\n`)
    return undefined
  }
  return existsSync(fetched) ? { path: fetched, version } : undefined
}

async function findRuntime(processor: Processor): Promise<Runtime | undefined> {
  const node = await findNode(processor)
  if (!node) return undefined
  const parts: Part[] = [{ name: 'node', bytes: await compressed(node.path, `node-${node.version}-${processor}`) }]
  const library = processors[processor].libraries.map((folder) => join(folder, 'libatomic.so.1')).find(existsSync)
  if (library) parts.push({ name: 'libatomic.so.1', bytes: await compressed(library, `libatomic-${processor}`) })
  else process.stderr.write(`no libatomic for ${processor} here: machines need the package libatomic1\n`)
  return { nodeVersion: node.version, parts }
}

/** The file compressed, from an earlier build where there was one. */
async function compressed(path: string, name: string): Promise<Buffer> {
  const kept = join(dist, 'runtime', `${name}.gz`)
  if (existsSync(kept)) return readFile(kept)
  const bytes = await promisify(gzip)(await readFile(path), { level: 9 })
  await mkdir(join(dist, 'runtime'), { recursive: true })
  await replace(kept, bytes)
  return bytes
}

/** Writes the executable, unless it is there with this very content. @returns its path */
async function assemble(program: Program, processor: Processor, runtime: Runtime): Promise<string> {
  const files = [...(await bundle(program)), ...(programs[program].dashboard ? [await packDashboard()] : [])]
  const path = join(dist, 'executables', `${program}-linux-${processor}`)
  const hash = createHash('sha256')
  for (const { content } of files) hash.update(content)
  const code: Part[] = await Promise.all(
    files.map(async ({ name, content }) => ({ name, bytes: await promisify(gzip)(content, { level: 9 }) })),
  )
  const head = header(program, hash.digest('hex').slice(0, 16), processor, runtime, code)
  const content = Buffer.concat([Buffer.from(head), ...[...code, ...runtime.parts].map((part) => part.bytes)])
  const before = await readFile(path).catch(() => undefined)
  if (before?.equals(content)) return path
  await mkdir(join(dist, 'executables'), { recursive: true })
  await replace(path, content, 0o755)
  return path
}

/**
 * A prolog asks for its own node's health at every launch: the agent keeps the answer in a file, which is printed at once.
 * The file's time is the moment until which it is good; that of a process's folder is now. See `node-files.ts` of the agent.
 */
const nodeFromAgent = `if [ $# -ge 3 ] && [ "$1" = get ] && [ -z "\${NAVARCH_SERVER:-}" ]; then
  case "$2 $3 \${4:-}" in
  */*) ;;
  *" --output json" | *" -o json" | *" --output=json ")
    kept=\${NAVARCH_RUN_DIR:-/run/navarch}/node-$2.json
    [ $# -le 4 ] && [ "$kept" -nt /proc/$$ ] && exec cat "$kept"
    ;;
  esac
fi
`

/** The program stands in for another one that it is linked as. */
const calledAs = `export NAVARCH_CALLED_AS="\${0##*/}"
`

const unpackDashboard = `
    mkdir "$new/dashboard"
    tar -xf "$new/${dashboardPart}" -C "$new/dashboard"
    rm "$new/${dashboardPart}"`

/**
 * The script at the executable's head. It says where the parts begin, so it is padded to a fixed length. Node's many threads
 * share two of glibc's heaps: one for each takes 9 MB more.
 */
function header(program: Program, hash: string, processor: Processor, runtime: Runtime, code: readonly Part[]): string {
  const headerBytes = 4096
  const { kernel } = processors[processor]
  let offset = headerBytes + 1
  const unpack = (parts: readonly Part[]): string =>
    parts
      .map(({ name, bytes }) => {
        const line = `    part "$new/${name}" ${offset} ${bytes.length}`
        offset += bytes.length
        return line
      })
      .join('\n')
  const unpackCode = unpack(code)
  const unpackRuntime = unpack(runtime.parts)
  const script = `#!/bin/sh
# ${program} with Node ${runtime.nodeVersion} for linux ${processor}. What follows this script is compressed; it is unpacked once, into
# NAVARCH_RUNTIME_DIR, else /var/lib/navarch-runtime for root, else ~/.cache/navarch-runtime.
${program === 'navarch' ? nodeFromAgent : ''}set -eu
[ "$(uname -sm)" = "Linux ${kernel}" ] || {
  echo "${program}: made for Linux ${kernel}; this is $(uname -sm)" >&2
  exit 1
}
shared=/var/lib/navarch-runtime
node=node-${runtime.nodeVersion}
code=${program}-${hash}
if [ -n "\${NAVARCH_RUNTIME_DIR:-}" ]; then base=$NAVARCH_RUNTIME_DIR
elif [ "$(id -u)" = 0 ] || [ -r "$shared/$code/main.mjs" ]; then base=$shared
else base=\${XDG_CACHE_HOME:-\${HOME:?must be set, or NAVARCH_RUNTIME_DIR}/.cache}/navarch-runtime
fi
part() { tail -c "+$2" "$0" | head -c "$3" | gzip -dc >"$1"; }
begin() {
  mkdir -p "$base"
  new=$(mktemp -d "$base/.new-XXXXXX")
  trap 'rm -rf "$new"' EXIT
}
finish() {
  chmod -R u=rwX,go=rX "$new"
  # Another start may have been quicker: what it made is the same.
  mv -T "$new" "$1" 2>/dev/null || [ -d "$1" ]
  rm -rf "$new"
  trap - EXIT
}
if [ ! -d "$base/$node" ]; then
    begin
${unpackRuntime}
    chmod 755 "$new/node"
    finish "$base/$node"
fi
if [ ! -d "$base/$code" ]; then
    begin
${unpackCode}${programs[program].dashboard ? unpackDashboard : ''}
    rm -rf "$base"/${program}-????????????????
    finish "$base/$code"
fi
${program === 'navarch' ? calledAs : ''}export LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$base/$node" MALLOC_ARENA_MAX="\${MALLOC_ARENA_MAX:-2}"
exec "$base/$node/node" --max-semi-space-size=1 "$base/$code/main.mjs" "$@"
`
  if (script.length >= headerBytes) throw new Error(`the script has grown over ${headerBytes} bytes`)
  // The shell never reads this far: exec has replaced it.
  return `${script}${'#'.repeat(headerBytes - script.length - 1)}\n`
}

/** Other builds may run at the same time: nobody ever sees half a file. */
async function replace(path: string, content: Buffer, mode = 0o644): Promise<void> {
  const temporary = `${path}.${process.pid}.new`
  await writeFile(temporary, content, { mode })
  await rename(temporary, path)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, arch: { type: 'string', multiple: true } },
  })
  const wanted = choose(Object.keys(programs) as Program[], values.only, '--only')
  const wantedProcessors = choose(Object.keys(processors) as Processor[], values.arch, '--arch')
  for (const processor of wantedProcessors) {
    const runtime = await findRuntime(processor)
    for (const program of wanted) {
      if (runtime) process.stdout.write(`${(await assemble(program, processor, runtime)).slice(root.length)}\n`)
    }
  }
}

function choose<T extends string>(all: T[], names: string[] | undefined, flag: string): T[] {
  if (!names) return all
  return names.map((name) => {
    const known = all.find((one) => one === name)
    if (known === undefined) throw new Error(`${flag} ${name}: must be one of ${all.join(', ')}`)
    return known
  })
}

await main()
