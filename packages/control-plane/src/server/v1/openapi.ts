import type { OpenAPIHono } from '@hono/zod-openapi'
import type { RestEnv } from '../rest/rest-env.ts'

export type OpenApiDocument = ReturnType<OpenAPIHono<RestEnv>['getOpenAPI31Document']>

const description = `Every job of a Slurm cluster, with its use of CPUs, memory and GPUs.

Ids may be written raw (\`812\`) or as \`slurm-812\`; a run of a requeued job is \`812-r1\`, an array's task \`100_3\`.
Times are RFC 3339 in UTC. What is not known is left out, never zero.`

/** The description of the job API, from its routes. */
export function openApiOf(app: OpenAPIHono<RestEnv>, version: string): OpenApiDocument {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'the token that the control plane was started with; where there is none, nothing is to be sent',
  })
  const { webhooks: _none, ...document } = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Navarch job API', version, description, license: { name: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags: [
      { name: 'jobs', description: 'Runs of jobs' },
      { name: 'samples', description: 'Readings over time' },
      { name: 'fleet', description: 'Sums over jobs' },
      { name: 'events', description: 'What hooks and agents tell' },
      { name: 'service', description: 'The service itself' },
    ],
  })
  return document
}
