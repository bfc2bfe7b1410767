import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

/** Runs TypeScript without a build step, and has node:sqlite. */
const oldestMajor = 24

/**
 * Runs a program of this checkout: in this Node when it is new enough, else in the Node that `npm ci` installed with
 * the packages. Plain JavaScript of an old edition, since any Node may be the one that reads it first.
 * @param {URL} main module to run, with the arguments of this process
 */
export async function launch(main) {
  if (Number(process.versions.node.split('.')[0]) >= oldestMajor) {
    process.argv[1] = fileURLToPath(main)
    await import(main.href)
    return
  }
  const packaged = packagedNode()
  if (packaged === undefined) {
    process.stderr.write(
      `Node ${process.versions.node} is too old: ${oldestMajor} or newer is needed; \`npm ci\` brings one on linux x64 and arm64\n`,
    )
    process.exitCode = 1
    return
  }
  await runIn(packaged, main)
}

function packagedNode() {
  const path = fileURLToPath(new URL(`../../../node_modules/node-linux-${process.arch}/bin/node`, import.meta.url))
  return process.platform === 'linux' && existsSync(path) ? path : undefined
}

/** Runs `main` in a child that gets our signals, and ends as the child ends. */
function runIn(node, main) {
  return new Promise((resolve) => {
    const child = spawn(node, [...process.execArgv, fileURLToPath(main), ...process.argv.slice(2)], {
      stdio: 'inherit',
    })
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    const pass = (signal) => child.kill(signal)
    for (const signal of signals) process.on(signal, pass)
    child.on('error', (error) => {
      process.stderr.write(`cannot run ${node}: ${error.message}\n`)
      process.exitCode = 1
      resolve()
    })
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, pass)
      process.exitCode = signal ? 128 + constants.signals[signal] : code
      resolve()
    })
  })
}
