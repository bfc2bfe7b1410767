#!/usr/bin/env node
import { launch } from '../../system/bin/launch.js'

await launch(new URL('../src/main.ts', import.meta.url))
