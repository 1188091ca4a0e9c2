import { z } from 'zod';
import { namePattern } from '../keys/name-pattern.js';
import { positive, whole } from '../keys/numbers.js';
import { url } from '../keys/secret.js';
import { sinkKeys } from '../keys/sink.js';
import { together } from '../keys/together.js';
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
  (look) => lookAtTls(look, 'redis'),
);
