import { z } from 'zod';
import { namePattern } from '../keys/name-pattern.js';
import { url, variable, writtenUrls } from '../keys/secret.js';
import { sinkKeys } from '../keys/sink.js';
import { line } from '../keys/texts.js';
import { together } from '../keys/together.js';
import type { Look } from '../keys/together.js';
import { lookAtTls, tlsKeys } from '../keys/tls-keys.js';

const schemes = ['amqp', 'amqps'] as const;

/** The keys of a rabbitmq_sink. */
export const schema = together(z.strictObject(shape()), (look) => {
  const { isGiven, tell } = look;
  lookAtTls(look, 'amqp');
  lookAtUrl(look);
  if (isGiven('exchange') || isGiven('routing_key') || isGiven('queue')) return;
  tell('exchange', 'is required', 'or give a queue: messages then go straight into it');
});

function shape() {
  return {
    ...sinkKeys(),
    url: url(schemes),
    exchange: line(127).optional(),
    routing_key: namePattern(127).optional(),
    queue: line(127).optional(),
    ...tlsKeys(),
  };
}

const number = new RegExp(`^(?:\\d|${variable})+$`);
/** What the client reads behind the `?` of a URL; it passes over all else. */
const parameters = new Map([
  ['heartbeat', number],
  ['channelMax', number],
  ['frameMax', number],
  ['maxFrameSize', number],
  ['locale', /./],
]);

function lookAtUrl({ right: { url: text = '' }, tell }: Look<{ readonly url: string }>): void {
  const urls = writtenUrls(text, schemes);
  const given = urls.flatMap((each) => [...(each?.searchParams ?? [])]);
  if (urls.length > 1) tell('url', 'must be a URL of one server');
  else if (given.some(([name, value]) => parameters.get(name)?.test(value) !== true)) {
    const known = 'heartbeat, channelMax, frameMax and maxFrameSize, which are whole numbers, and locale';
    tell('url', `may have the parameters ${known}, and no others`);
  }
}

/** What the schema makes of them. */
export type RabbitmqConfig = z.output<typeof schema>;
