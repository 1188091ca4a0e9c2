import { isAmong } from '../../model/event-choice.js';
import type { SinkKind } from '../seam/component.js';
import { describeSink, sinkConfigKeys } from '../keys/sink.js';
import { SessionSink } from '../seam/session-sink.js';
import { routeOf } from './route.js';
import type { RabbitmqConfig } from './schema.js';

/** Delivers into exchanges and queues of RabbitMQ. */
export const rabbitmqSink: SinkKind<RabbitmqConfig> = {
  type: 'rabbitmq_sink',
  role: 'sink',
  schema: async () => (await import('./schema.js')).schema,
  keys: sinkConfigKeys,
  rows: (config) => [
    ['URL', config.url],
    ['exchange', config.exchange ?? null],
    ['routing key', routeOf(config).keyFor('{event_name}')],
    ['queue', config.queue ?? null],
  ],
  describe: describeSink,
  open: async (config, { name, pipelineId, events, clock }) => {
    const [{ RabbitmqSession }, { loadAmqplib }] = await Promise.all([
      import('./rabbitmq-session.js'),
      import('./rabbitmq-library.js'),
    ]);
    const library = await loadAmqplib();
    const wanted = events.filter((event) => isAmong(config.event_name, event)).map(({ eventName }) => eventName);
    const route = routeOf(config);
    const client = { library, config, route, eventNames: wanted, name: `chainparse ${pipelineId} ${name}` };
    const parts = { ...client, clock, window: { size: Infinity } };
    return new SessionSink(() => RabbitmqSession.open(parts));
  },
};
