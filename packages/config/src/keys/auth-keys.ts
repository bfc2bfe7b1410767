import { anyRoles, roles } from '@navarch/core/access/role'
import { httpUrl } from '../schema/addresses.ts'
import { list, object, record } from '../schema/containers.ts'
import { boolean, choice, duration, environmentName, name, text } from '../schema/scalars.ts'
import { key } from '../schema/schema.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

export const staticTokenKeys = {
  name: key(name(), 'What it is called in the log and in the history.', { required: true }),
  role: key(choice(anyRoles), 'What it may do; agent: what the agents of nodes are given.', { required: true }),
  token_env: key(environmentName(), 'Environment variable that holds it.'),
  token_file: key(text('a path'), 'File that holds it, relative to this file.'),
}

export const oidcKeys = {
  name: key(text(), 'What the login page calls it.', { default: 'single sign-on' }),
  issuer: key(httpUrl(), "The provider's address, exactly as it calls itself.", { required: true }),
  client_id: key(text(), 'What the provider calls this control plane.', { required: true }),
  client_secret_env: key(environmentName(), "Environment variable that holds the client's secret.", {
    defaultNote: 'a public client',
  }),
  client_secret_file: key(text('a path'), "File that holds the client's secret, relative to this file."),
  scopes: key(list(text(), 'a list of scopes'), 'What is asked for; openid is added.', {
    default: ['openid', 'profile', 'email'],
  }),
  role_claim: key(text(), "Path of the claim that has a person's groups, such as realm_access.roles.", {
    default: 'groups',
  }),
  role_mapping: key(
    record(choice(roles), 'a mapping of groups to viewer, operator or admin', { anyName: true }),
    'Role by group; the highest counts.',
    { default: {} },
  ),
  default_role: key(choice(roles), 'Role of those in none of these groups.', {
    defaultNote: 'they have none, and cannot log in',
  }),
  username_claim: key(text(), 'Path of the claim that is shown as name.', { default: 'preferred_username' }),
  redirect_base: key(
    httpUrl(),
    'Address under which browsers reach the control plane; it ends in /auth/callback there.',
    {
      defaultNote: 'external_address, else the address that the browser came by',
    },
  ),
  audience: key(text(), 'Whom tokens must be meant for that programs show to the API.', {
    defaultNote: 'the client_id',
  }),
}

export const authKeys = {
  tokens: key(list(object(staticTokenKeys), 'a list of tokens'), 'Tokens that are made elsewhere, each with its role.'),
  oidc: key(object(oidcKeys), 'An identity provider that people log in with.'),
  protect_jobs: key(boolean(), 'Whether reading jobs under /v1 needs a role too.', { default: false }),
  session_idle: key(duration(minuteMs), "How long a browser's session holds that is not used.", {
    default: 8 * hourMs,
  }),
  session_lifetime: key(duration(minuteMs), 'How long it holds at the longest.', { default: 24 * hourMs }),
  allow_http: key(
    boolean(),
    'Whether browsers may log in over a connection that is not encrypted, from other machines.',
    {
      default: false,
    },
  ),
}
