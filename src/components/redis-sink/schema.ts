import { z } from 'zod';
import { namePattern } from '../keys/name-pattern.js';
import { positive, whole } from '../keys/numbers.js';
import { url, variable, writtenUrls } from '../keys/secret.js';
import { sinkKeys } from '../keys/sink.js';
import { together } from '../keys/together.js';
import type { Look } from '../keys/together.js';
import { lookAtTls, tlsKeys } from '../keys/tls-keys.js';

/** The schemes of a Redis server's URL. */
export const redisSchemes = ['redis', 'rediss'] as const;

/** The schema of a Redis sink's keys. */
export const redisSchema = together(
  z.strictObject({
    ...sinkKeys(),
    url: url(redisSchemes),
    /** The key of the stream; `{event_name}` may stand in it. */
    stream: namePattern(1_000),
    /** About so many entries are kept; undefined: all. */
    max_length: whole(1, 1_000_000_000_000).optional(),
    /** Seconds that a batch may take. */
    timeout: positive(600).default(10),
    ...tlsKeys(),
  }),
  (look) => {
    lookAtTls(look, 'redis');
    lookAtUrl(look);
  },
);

/** What the schema makes of them. */
export type RedisConfig = z.output<typeof redisSchema>;

const databasePath = new RegExp(`^/?(?:\\d|${variable})*$`);

/** Tells what the client would refuse for ever, or pass over in silence. */
function lookAtUrl({ right: { url: text = '' }, tell }: Look<{ readonly url: string }>): void {
  const urls = writtenUrls(text, redisSchemes);
  if (urls.length > 1) tell('url', 'must be a URL of one server');
  else if (urls.some((each) => !databasePath.test(each?.pathname ?? ''))) {
    tell('url', 'its path must be the number of a database, or nothing', 'redis://host:6379/0');
  } else if (urls.some((each) => (each?.search ?? '') !== '')) {
    tell('url', 'may have no parameters: they would change nothing');
  }
}
