import { choice, duration, text } from '../schema/scalars.ts'
import { key } from '../schema/schema.ts'

export const tlsKeys = {
  cert_file: key(
    text('a path'),
    'Certificate with its chain, PEM, relative to this file; read again when it changes.',
    {
      required: true,
    },
  ),
  key_file: key(text('a path'), 'Its private key, PEM.', { required: true }),
  client_ca_file: key(text('a path'), 'Only clients with a certificate of one of these authorities are served.', {
    defaultNote: 'clients need no certificate',
  }),
  min_version: key(choice(['TLSv1.2', 'TLSv1.3']), 'Oldest version that is spoken.', {
    default: 'TLSv1.2',
  }),
  ca_file: key(text('a path'), 'Authorities that new nodes are given to know the control plane by.', {
    defaultNote: "those that the node's system trusts",
  }),
  hsts: key(duration(), 'How long browsers shall insist on HTTPS, for every port of this host; 0: not told to.', {
    default: 0,
  }),
}
