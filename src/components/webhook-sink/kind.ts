import type { Keys, SinkKind } from '../seam/component.js';
import { describeSink, sinkConfigKeys } from '../keys/sink.js';
import type { WebhookConfig } from './config.js';

/** Messages of one request where nothing else is said. */
const usualBatch = 500;

/** The sink that POSTs messages to a URL. */
export const webhookSink: SinkKind<WebhookConfig> = {
  type: 'webhook_sink',
  role: 'sink',
  schema: async () => (await import('./schema.js')).webhookSchema,
  keys: webhookKeys,
  rows: (config) => [
    ['url', config.url],
    ['signed', config.secret === undefined ? 'no' : `with ${config.secret}`],
    ['body', config.body === undefined ? null : JSON.stringify(config.body)],
    ['private addresses', config.allow_private ? 'allowed' : null],
  ],
  // One request is one message where each has a body of its own: after a crash only the last one comes twice.
  describe: (config) =>
    describeSink({ ...config, batch_size: config.body === undefined ? (config.batch_size ?? usualBatch) : 1 }),
  problems: async ({ body }, events) =>
    body === undefined ? [] : (await import('./message-body.js')).bodyProblems(body, events),
  open: async (config, opening) => {
    const { WebhookSink } = await import('./webhook-sink.js');
    return new WebhookSink(config, opening);
  },
};

function webhookKeys(config: WebhookConfig): Keys {
  const { headers, ...others } = config;
  return { ...(Object.keys(headers).length === 0 ? {} : { headers }), ...sinkConfigKeys(others) };
}
