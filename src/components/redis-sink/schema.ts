import { z } from 'zod';
import { namePattern } from '../keys/name-pattern.js';
import { positive, whole } from '../keys/numbers.js';
import { url, variable, writtenUrls } from '../keys/secret.js';
import { sinkKeys } from '../keys/sink.js';
import { together } from '../keys/together.js';
import type { Look } from '../keys/together.js';
import { lookAtTls, tlsKeys } from '../keys/tls-keys.js';
import { redisSchemes } from './config.js';
import type { RedisConfig } from './config.js';

/** The schema of a Redis sink's keys. */
export const redisSchema: z.ZodType<RedisConfig> = together(
  z.strictObject({
    ...sinkKeys(),
    url: url(redisSchemes),
    stream: namePattern(1_000),
    max_length: whole(1, 1_000_000_000_000).optional(),
    timeout: positive(600).default(10),
    ...tlsKeys(),
  }),
  (look) => {
    lookAtTls(look, 'redis');
    lookAtUrl(look);
  },
);

const databasePath = new RegExp(`^/?(?:\\d|${variable})*$`);

/** Tells what the client would refuse for ever, or pass over in silence. */
function lookAtUrl({ right: { url: text = '' }, tell }: Look<RedisConfig>): void {
  const urls = writtenUrls(text, redisSchemes);
  if (urls.length > 1) tell('url', 'must be a URL of one server');
  else if (urls.some((each) => !databasePath.test(each?.pathname ?? ''))) {
    tell('url', 'its path must be the number of a database, or nothing', 'redis://host:6379/0');
  } else if (urls.some((each) => (each?.search ?? '') !== '')) {
    tell('url', 'may have no parameters: they would change nothing');
  }
}
