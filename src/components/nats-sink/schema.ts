import { z } from 'zod';
import { namePattern } from '../keys/name-pattern.js';
import { secret, urlWithToken } from '../keys/secret.js';
import { sinkKeys } from '../keys/sink.js';
import { line, oneOrMore, splitList } from '../keys/texts.js';
import { bothOrNone, notBoth, together } from '../keys/together.js';
import type { Look } from '../keys/together.js';
import { file, tlsKeys } from '../keys/tls-keys.js';

/** The keys of a nats_sink. */
export const schema = together(z.strictObject(shape()), (look) => {
  lookAtLogin(look);
  bothOrNone(look, 'tls_cert_file', 'tls_key_file');
});

function shape() {
  return {
    ...sinkKeys(),
    servers: servers(),
    subject: subject(),
    user: line(1_000).optional(),
    password: secret().optional(),
    token: secret().optional(),
    nkey_seed: secret().optional(),
    creds_file: file(),
    ...tlsKeys(),
  };
}

/** What the schema makes of them. */
export type NatsConfig = z.output<typeof schema>;

function servers() {
  return z.preprocess(splitList, oneOrMore(urlWithToken(['nats', 'tls']), 'a URL'));
}

function subject() {
  const error = 'must be the subject of messages: words with dots between them, without spaces and wildcards';
  return namePattern(255).refine((text) => !/[\s*>]|^\.|\.\.|\.$/.test(text), { error });
}

const ways = ['token', 'nkey_seed', 'creds_file'] as const;

function lookAtLogin(look: Look<NatsConfig>): void {
  const given = [...ways, 'user'].filter((key) => look.isGiven(key));
  for (const other of given.slice(1)) notBoth(look, given[0] ?? '', other);
  bothOrNone(look, 'user', 'password');
}
