import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { OpenApiDocument } from './openapi.ts'

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem 6rem; }
h2 { margin-top: 3rem; text-transform: capitalize; }
details { border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 6px; margin: .5rem 0; }
summary { cursor: pointer; padding: .5rem .75rem; }
details > div { padding: 0 .75rem .75rem; overflow-x: auto; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
.method { display: inline-block; font-weight: 700; min-width: 4.5rem; text-transform: uppercase; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; }
`

const csp = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/* The page reads what generators of OpenAPI write in many forms; only the parts that ours writes are shown. */
interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  enum?: unknown[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  anyOf?: Schema[]
  minimum?: number
  maximum?: number
  default?: unknown
  description?: string
}
interface Parameter {
  name: string
  in: string
  required?: boolean
  schema: Schema
}
interface Content {
  description?: string
  content?: Record<string, { schema: Schema }>
}
interface Operation {
  tags: string[]
  summary: string
  parameters?: Parameter[]
  requestBody?: Content
  responses: Record<string, Content>
}

type Html = ReturnType<typeof html>

/** A page to browse the API's description: no script, nothing from outside. */
export function docsPage(document: OpenApiDocument): { html: string; headers: Record<string, string> } {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })),
  )
  const sections = (document.tags ?? []).map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name))
    return html`<h2 id="${name}">${name}</h2><p>${words(description)}</p>${own.map(renderOperation)}`
  })
  const schemas = Object.entries((document.components?.schemas ?? {}) as Record<string, Schema>)
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${document.info.title}</title>
<style>${raw(style)}</style></head>
<body>
<h1>${document.info.title} <small>${document.info.version}</small></h1>
${(document.info.description ?? '').split('\n\n').map((text) => html`<p>${words(text)}</p>`)}
<p>As OpenAPI ${document.openapi}: <a href="/openapi.json">/openapi.json</a></p>
${sections}
<h2 id="schemas">Schemas</h2>
${schemas.map(([name, schema]) => renderSchema(name, schema))}
</body></html>
`
  return {
    html: String(page),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': csp,
      'x-content-type-options': 'nosniff',
    },
  }
}

function renderOperation({ path, method, operation }: { path: string; method: string; operation: Operation }): Html {
  const body = schemaOf(operation.requestBody)
  const parameters = operation.parameters ?? []
  return html`<details id="${method}-${path}"><summary><span class="method">${method}</span> <code>${path}</code><br>${words(operation.summary)}</summary><div>
${parameters.length > 0 ? html`<table><tr><th>Parameter</th><th>In</th><th>Takes</th><th></th></tr>${parameters.map(renderParameter)}</table>` : ''}
${body ? html`<p>Body: ${typeOf(body)}</p>` : ''}
<table><tr><th>Status</th><th>Answer</th><th></th></tr>${Object.entries(operation.responses).map(
    ([status, answer]) =>
      html`<tr><td>${status}</td><td>${typeOf(schemaOf(answer))}</td><td>${words(answer.description)}</td></tr>`,
  )}</table></div></details>`
}

function renderParameter({ name, in: where, required, schema }: Parameter): Html {
  return html`<tr><td><code>${name}</code>${required ? ' *' : ''}</td><td>${where}</td><td>${typeOf(schema)}</td><td>${words(schema.description)}</td></tr>`
}

function renderSchema(name: string, { properties = {}, required = [], description }: Schema): Html {
  const rows = Object.entries(properties).map(
    ([key, schema]) =>
      html`<tr><td><code>${key}</code>${required.includes(key) ? ' *' : ''}</td><td>${typeOf(schema)}</td><td>${words(schema.description)}</td></tr>`,
  )
  return html`<details id="schema-${name}"><summary><code>${name}</code></summary><div>
${description ? html`<p>${words(description)}</p>` : ''}<table><tr><th>Field</th><th>Takes</th><th></th></tr>${rows}</table></div></details>`
}

/** Text as OpenAPI has it, Markdown, of which only `code` is written here. */
function words(text = ''): (Html | string)[] {
  return text.split(/`([^`]+)`/).map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
}

function schemaOf(content: Content | undefined): Schema | undefined {
  return content?.content?.['application/json']?.schema
}

/** A schema in a few words; what has a name is linked. */
function typeOf(schema: Schema | undefined): Html | string {
  if (!schema) return 'nothing'
  const name = schema.$ref?.split('/').at(-1)
  if (name !== undefined) return html`<a href="#schema-${name}">${name}</a>`
  if (schema.anyOf) return html`${schema.anyOf.map((each, index) => html`${index > 0 ? ' or ' : ''}${typeOf(each)}`)}`
  if (schema.enum) return schema.enum.join(' | ')
  if (schema.items) return html`list of ${typeOf(schema.items)}`
  const type = schema.format ?? (Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'anything'))
  const limits = [schema.minimum, schema.maximum].some((limit) => limit !== undefined)
    ? ` ${schema.minimum ?? ''}…${schema.maximum ?? ''}`
    : ''
  return `${type}${limits}${schema.default === undefined ? '' : `, default ${String(schema.default)}`}`
}
