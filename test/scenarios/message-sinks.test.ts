import { HookServer } from '../support/hook-server.js';
import { describeReceiver } from '../support/receiver-scenario.js';
import type { GotMessage, Receiver } from '../support/receiver-scenario.js';
import { RedisServer, withRedis } from '../support/redis-server.js';

async function hookReceiver(): Promise<Receiver> {
  const server = await HookServer.start();
  const { port } = server;
  const taken: GotMessage[] = [];
  let requests = 0;
  // What it is too busy for, it does not keep either.
  server.answer = (response, { body }) => {
    const isBusy = ++requests % 5 === 0;
    if (!isBusy) taken.push(...messagesIn(body));
    response.writeHead(isBusy ? 503 : 200).end();
  };
  const own = { url: '${HOOK_URL}', secret: '${HOOK_SECRET}', allow_private: true, batch_size: 7 };
  return {
    sink: { name: 'hook', type: 'webhook_sink', ...own },
    env: { HOOK_URL: server.url, HOOK_SECRET: 'a secret' },
    away: () => {
      server.stop();
      return Promise.resolve();
    },
    back: () => server.listen(port),
    got: () => Promise.resolve(taken),
  };
}

function messagesIn(body: string): readonly GotMessage[] {
  const { messages } = JSON.parse(body) as { readonly messages: readonly (GotMessage & { data: object })[] };
  return messages.map((message) => ({ ...message, data: JSON.stringify(message.data) }));
}

async function redisReceiver(): Promise<Receiver> {
  const server = await RedisServer.start('--appendfsync', 'always');
  return {
    sink: { name: 'stream', type: 'redis_sink', url: '${REDIS_URL}', stream: 'transfers', batch_size: 7 },
    env: { REDIS_URL: server.url },
    away: () => server.stop(),
    back: () => server.restart(),
    got: async () =>
      (await server.entries('transfers')).map((fields) => ({
        id: fields['chainparse-id'] ?? '',
        op: fields['chainparse-op'] ?? '',
        seq: Number(fields['chainparse-seq']),
        data: fields['data'] ?? '',
      })),
  };
}

describeReceiver('a webhook', hookReceiver, ['mysql', 'postgres']);
withRedis('Redis as a receiver', () => describeReceiver('a stream of Redis', redisReceiver, ['sqlite', 'mariadb']));
