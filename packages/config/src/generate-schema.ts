import { writeFileSync } from 'node:fs'
import { configJsonSchemaText } from './config-json-schema.ts'

writeFileSync(new URL('../navarch-config.schema.json', import.meta.url), configJsonSchemaText())
