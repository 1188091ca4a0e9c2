import type { SinkKind } from '../seam/component.js';
import { describeSink, sinkConfigKeys } from '../keys/sink.js';
import { SessionSink } from '../seam/session-sink.js';
import type { NatsConfig } from './schema.js';

/** Delivers into streams of NATS JetStream. */
export const natsSink: SinkKind<NatsConfig> = {
  type: 'nats_sink',
  role: 'sink',
  schema: async () => (await import('./schema.js')).schema,
  keys: sinkConfigKeys,
  rows: ({ servers, subject }) => [
    ['servers', servers.join(', ')],
    ['subject', subject],
  ],
  describe: describeSink,
  open: async (config, { name, pipelineId, logger }) => {
    const [{ NatsSession }, { loadNats }] = await Promise.all([
      import('./nats-session.js'),
      import('./nats-library.js'),
    ]);
    const library = await loadNats();
    const client = { library, config, name: `chainparse ${pipelineId} ${name}` };
    const parts = { ...client, logger, warned: new Set<string>(), names: { areOwn: false } };
    return new SessionSink(() => NatsSession.open(parts));
  },
};
