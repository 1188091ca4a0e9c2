import type { SinkKind } from '../seam/component.js';
import { describeSink, sinkConfigKeys } from '../keys/sink.js';
import { loadPeer } from '../seam/optional-peer.js';
import type { RedisConfig } from './schema.js';

/** The sink that adds messages to streams of Redis. */
export const redisSink: SinkKind<RedisConfig> = {
  type: 'redis_sink',
  role: 'sink',
  schema: async () => (await import('./schema.js')).redisSchema,
  keys: sinkConfigKeys,
  rows: (config) => [
    ['url', config.url],
    ['stream', config.stream],
    ['kept', config.max_length === undefined ? 'all entries' : `about ${config.max_length} entries`],
  ],
  describe: describeSink,
  open: async (config, { clock }) => {
    const { createClient } = await loadPeer({
      type: redisSink.type,
      packages: ['redis'],
      load: () => import('redis'),
    });
    const { RedisSink } = await import('./redis-sink.js');
    return new RedisSink(config, { createClient, clock });
  },
};
