#!/usr/bin/env node
import { launch } from '../../system/bin/launch.js'

process.env.NAVARCH_CALLED_AS = 'prometheus-slurm-exporter'
await launch(new URL('../src/main.ts', import.meta.url))
