import type { SinkKeys } from '../keys/sink.js';
import type { TlsKeys } from '../keys/tls-files.js';

/** The schemes of a Redis server's URL. */
export const redisSchemes = ['redis', 'rediss'] as const;

/** Where messages are added, as it is stored: under the keys of a definition. */
export interface RedisConfig extends SinkKeys, TlsKeys {
  readonly url: string;
  /** The key of the stream; `{event_name}` may stand in it. */
  readonly stream: string;
  /** About so many entries are kept; undefined: all. */
  readonly max_length?: number | undefined;
  /** Seconds that a batch may take. */
  readonly timeout: number;
}
