import { z } from 'zod';
import { namePattern } from '../keys/name-pattern.js';
import { url } from '../keys/secret.js';
import { sinkKeys } from '../keys/sink.js';
import { line } from '../keys/texts.js';
import { together } from '../keys/together.js';
import { lookAtTls, tlsKeys } from '../keys/tls-keys.js';

/** The keys of a rabbitmq_sink. */
export const schema = together(z.strictObject(shape()), (look) => {
  const { isGiven, tell } = look;
  lookAtTls(look, 'amqp');
  if (isGiven('exchange') || isGiven('routing_key') || isGiven('queue')) return;
  tell('exchange', 'is required', 'or give a queue: messages then go straight into it');
});

function shape() {
  return {
    ...sinkKeys(),
    url: url(['amqp', 'amqps']),
    exchange: line(127).optional(),
    routing_key: namePattern(127).optional(),
    queue: line(127).optional(),
    ...tlsKeys(),
  };
}

/** What the schema makes of them. */
export type RabbitmqConfig = z.output<typeof schema>;
