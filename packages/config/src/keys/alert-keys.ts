import { alertLabels, type MetricName, metricNames } from '@navarch/core/alert/alert-metrics'
import { routeDefaults } from '@navarch/core/alert/alert-route'
import { conditions, severities } from '@navarch/core/alert/alert-rule'
import { defaultAlerts } from '@navarch/core/alert/alerts-spec'
import { patternRule, safePattern, wholePattern } from '@navarch/core/alert/safe-pattern'
import { type Matcher, parseMatcher } from '@navarch/core/alert/silence'
import { nearestWord } from '../nearest.ts'
import type { Place } from '../problem.ts'
import { httpUrl } from '../schema/addresses.ts'
import { list, object, record } from '../schema/containers.ts'
import { placed } from '../schema/placed.ts'
import {
  boolean,
  choice,
  duration,
  environmentName,
  hostAddress,
  integer,
  labelValue,
  name,
  number,
  text,
} from '../schema/scalars.ts'
import { key, type Reader, type Schema } from '../schema/schema.ts'
import { readVariant, type VariantOf, variantSections, variantsJsonSchema } from '../schema/variants.ts'

const largest = 1e15

const nodeFilter = text(patternRule, (value) => safePattern(value) !== undefined)

const matcherRule = 'a matcher such as severity=critical, pool!=dev or node=~"gpu-1.*", with a pattern that is safe'
const isMatcher = (value: string) => {
  const matcher = parseMatcher(value)
  return matcher !== undefined && (!matcher.op.endsWith('~') || wholePattern(matcher.value) !== undefined)
}
const matcherText = text(matcherRule, isMatcher)
const matcher: Schema<Matcher> = {
  ...matcherText,
  format: ({ label, op, value }) => `${label}${op}${value}`,
  read(node, path, reader) {
    const value = matcherText.read(node, path, reader)
    const found = value === undefined ? undefined : parseMatcher(value)
    const problem = found && severityProblem(found)
    if (problem !== undefined) reader.error(node.place, path, problem)
    if (found) warnOfLabel(found.label, node.place, path, reader)
    return found
  },
}

/** What is wrong with a matcher for a severity that there is not; a pattern may be meant for some of them. */
function severityProblem({ label, op, value }: Matcher): string | undefined {
  if (label !== 'severity' || op.endsWith('~') || (severities as readonly string[]).includes(value)) return undefined
  const near = nearestWord(value, severities)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return `no alert has the severity ${JSON.stringify(value)}: it is one of ${severities.join(', ')}${hint}`
}

/** Labels that matchers know besides those of alerts. */
const ownLabels = ['rule', 'alertname', 'severity']

function warnOfLabel(label: string, place: Place, path: string, reader: Reader): void {
  const known = [...alertLabels, ...ownLabels]
  if (known.includes(label)) return
  const near = nearestWord(label, known)
  const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean "${near}"?`
  reader.warn(place, path, `no alert has a label "${label}"; ${hint}`)
}

const labelText = text()
const labelName: Schema<string> = {
  ...labelText,
  read(node, path, reader) {
    const label = labelText.read(node, path, reader)
    if (label !== undefined) warnOfLabel(label, node.place, path, reader)
    return label
  },
}

export const alertRuleKeys = {
  name: key(
    text('a name of 1 to 100 characters', (value) => value.length <= 100),
    'Unique. That of a built-in rule changes it: what is not given stays as it is there.',
    { required: true },
  ),
  metric: key(choice<MetricName>(metricNames), 'What it is about: see docs/alerts.md.'),
  condition: key(choice(conditions), 'How the value is compared with `threshold`.'),
  threshold: key(number({ min: -largest, max: largest }), 'In the unit of the metric.'),
  for: key(duration(), 'How long the condition must hold.', { default: 0 }),
  resolve_after: key(duration(), 'How long it must not hold before the alert is over.', {
    defaultNote: '`for`, at most 5m',
  }),
  node_filter: key(nodeFilter, 'A regular expression for the name of the node.'),
  labels: key(record(labelValue()), 'Labels that a value must have, such as pool or code.'),
  severity: key(choice(severities), 'How grave it is.', { default: 'warning' }),
  meaning: key(text(), 'What it means, in a sentence.', { default: '' }),
  action: key(text(), 'What to do.', { default: '' }),
  runbook_url: key(httpUrl(), 'Where more is written.'),
  inhibited_by: key(list(placed(text()), 'a list of names of rules'), 'Rules that explain this one in the same place.'),
  enabled: key(boolean(), 'Whether it holds.', { default: true }),
}

const receivers = list(text(), 'a list of names of receivers')

const escalationKeys = {
  after: key(duration(1000), 'Time without acknowledgement.', {
    defaultNote: '15m for the first step, 1h for the second, 4h for the third',
  }),
  receivers: key(receivers, 'Who is told besides.', { required: true }),
}

export const alertRouteKeys = {
  name: key(name(), 'Name of the route.', { defaultNote: 'route-1, route-2, …' }),
  match: key(
    list(placed(matcher), 'a list of matchers'),
    'Alerts that it is for, by label; rule and severity are labels too.',
    {
      defaultNote: 'all',
    },
  ),
  receivers: key(receivers, 'Who is told.', { required: true }),
  group_by: key(list(labelName, 'a list of labels'), 'Labels by which alerts are told together.', {
    default: [...routeDefaults.groupBy],
  }),
  group_wait: key(duration(), 'How long the first alert of a group waits for others.', {
    default: routeDefaults.groupWaitMs,
  }),
  group_interval: key(duration(1000), 'Time between two messages of a group about what is new.', {
    default: routeDefaults.groupIntervalMs,
  }),
  repeat_interval: key(duration(60_000), 'Time between two messages of a group about nothing new.', {
    default: routeDefaults.repeatIntervalMs,
  }),
  send_resolved: key(boolean(), 'Whether the end is told.', { default: true }),
  continue: key(boolean(), 'Whether the routes after it are looked at too.', { default: false }),
  escalation: key(list(object(escalationKeys), 'a list of steps'), 'Who is told when nobody acknowledges.'),
}

const timeout = key(duration(100), 'Deadline of one try.', { default: 10_000 })
const receiverName = key(name(), 'What routes call it.', { required: true })
const port = integer({ min: 1, max: 65535 })
const mailAddress = text('an e-mail address', (value) => /^[^\s@<>]+@[^\s@<>]+$/.test(value))
const path = text('a path')

export const receiverVariants = {
  webhook: {
    name: receiverName,
    url: key(httpUrl(), 'Where messages are posted as JSON.', { secret: true }),
    url_env: key(environmentName(), 'Environment variable that holds the URL.'),
    url_file: key(path, 'File that holds the URL.'),
    secret_env: key(environmentName(), 'Environment variable with the key that signs each body (HMAC-SHA256).'),
    secret_file: key(path, 'File with that key.'),
    token_env: key(environmentName(), 'Environment variable that holds a bearer token.'),
    token_file: key(path, 'File that holds it.'),
    headers: key(record(text()), 'Headers of each request.', { secret: true }),
    timeout,
  },
  slack: {
    name: receiverName,
    url: key(httpUrl(), 'The incoming webhook; whoever has it can post.', { secret: true }),
    url_env: key(environmentName(), 'Environment variable that holds it.'),
    url_file: key(path, 'File that holds it.'),
    channel: key(text(), 'Channel, where the webhook allows another one.'),
    timeout,
  },
  email: {
    name: receiverName,
    to: key(list(mailAddress, 'a list of addresses'), 'Who gets it.', { required: true }),
    from: key(mailAddress, 'Sender.', { required: true }),
    host: key(hostAddress(), 'The SMTP server.', { default: '127.0.0.1' }),
    port: key(port, 'Its port.', { defaultNote: '465 with tls: tls, 587 with a user name, else 25' }),
    tls: key(choice(['auto', 'starttls', 'tls', 'none']), 'How the connection is encrypted.', { default: 'auto' }),
    username: key(text(), 'User for SMTP.'),
    password_env: key(environmentName(), "Environment variable that holds that user's password."),
    password_file: key(path, 'File that holds it.'),
    timeout,
  },
  pagerduty: {
    name: receiverName,
    routing_key_env: key(environmentName(), 'Environment variable that holds the integration key (Events API v2).'),
    routing_key_file: key(path, 'File that holds it.'),
    url: key(httpUrl(), 'Address of the Events API.', { default: 'https://events.pagerduty.com/v2/enqueue' }),
    timeout,
  },
  alertmanager: {
    name: receiverName,
    urls: key(list(httpUrl(), 'a list of URLs'), 'Base URLs of all Alertmanagers of a cluster.', { required: true }),
    username: key(text(), 'User of basic authentication.'),
    password_env: key(environmentName(), "Environment variable that holds that user's password."),
    password_file: key(path, 'File that holds it.'),
    token_env: key(environmentName(), 'Environment variable that holds a bearer token.'),
    token_file: key(path, 'File that holds it.'),
    timeout,
  },
}

export type ReceiverValue = VariantOf<typeof receiverVariants>

const receiverDoc = 'What kind of receiver it is.'
const receiver: Schema<ReceiverValue> = {
  rule: 'a mapping with a type',
  read: (node, at, reader) => readVariant(receiverVariants, node, at, reader, { doc: receiverDoc }),
  format: (value) => value.given.name?.value ?? value.type,
  jsonSchema: (definitions) => variantsJsonSchema(receiverVariants, receiverDoc, definitions, { typeRequired: true }),
  sections: () => variantSections(receiverVariants, receiverDoc, { typeRequired: true }),
}

const databaseKeys = {
  name: key(name(), 'Name of the database.', { required: true }),
  command: key(text('a shell command'), 'Prints the connections in use and the most there may be: "12 151".', {
    required: true,
  }),
}

export const alertKeys = {
  defaults: key(boolean(), 'Whether the built-in rules hold.', { default: defaultAlerts.defaults }),
  interval: key(duration(1000), 'How often rules are judged; faults are judged when they are reported.', {
    default: defaultAlerts.intervalMs,
  }),
  history: key(duration(3_600_000), 'How long alerts that are over, and what happened to them, are kept.', {
    default: defaultAlerts.historyMs,
  }),
  url: key(httpUrl(), 'Base URL under which people reach the control plane: for links in messages.', {
    defaultNote: '`server.external_address`; without it messages have no links',
  }),
  volumes: key(
    list(placed(path), 'a list of paths'),
    'Paths whose file systems are watched, besides the data directory.',
  ),
  databases: key(list(object(databaseKeys), 'a list of databases'), 'Databases whose connections are watched.'),
  rules: key(list(object(alertRuleKeys), 'a list of rules'), 'Rules, and changes of built-in ones.'),
  receivers: key(list(receiver, 'a list of receivers'), 'Who can be told.'),
  routes: key(list(object(alertRouteKeys), 'a list of routes'), 'Who is told of what; the first that matches.', {
    defaultNote: 'all receivers, of warning and critical alerts',
  }),
}
