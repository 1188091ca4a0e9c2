import { ChainparseError, messageOf } from '../../runtime/errors.js';
import { MessageRefusedError, ReceiverAwayError } from '../seam/delivery-errors.js';
import { trustHint } from '../keys/tls-files.js';

/** Returns what an error of the client or the server means to who delivers; `server` is its host. */
export function rabbitmqError(error: unknown, server: string): ChainparseError {
  if (error instanceof ChainparseError) return error;
  const text = plain(messageOf(error));
  if (/message size \d+ is larger than/i.test(text)) {
    return new MessageRefusedError(`RabbitMQ refuses it: ${text}`, { cause: error });
  }
  return new ReceiverAwayError(`RabbitMQ at ${server}: ${text}`, { cause: error, hint: hintFor(text) });
}

function hintFor(text: string): string | undefined {
  if (/ACCESS[_-]REFUSED/.test(text) || text === noHost) {
    return 'look at user, password and virtual host of url, and at the rights of that user';
  }
  if (/NOT_FOUND - no exchange/.test(text)) return 'declare the exchange: it is its receivers who know its type';
  if (/PRECONDITION_FAILED - inequivalent arg/.test(text)) {
    return 'the queue is there with other arguments: bind it yourself, and leave queue out';
  }
  if (/closed abruptly during opening handshake/.test(text)) {
    return "is its port one of RabbitMQ's? Where that wants TLS, the url begins with amqps://";
  }
  if (/wrong version number|before secure TLS connection/.test(text)) {
    return 'is its port one for TLS? Without TLS the url begins with amqp://';
  }
  return trustHint(text);
}

/** What a server means that closes the connection instead of opening a virtual host: the client keeps its words to itself. */
const noHost =
  'the server refuses the virtual host: it is not there, the user has no right to it, or has as many connections as it may';

/** Says whether the server has answered a message with `nack`. */
export function isNack(error: unknown): boolean {
  return messageOf(error) === 'message nacked';
}

/** The server's words, without what the client says around them. */
function plain(message: string): string {
  if (message.startsWith('Expected ConnectionOpenOk; got <ConnectionClose')) return noHost;
  const [, told] = /with message "(.*)"/s.exec(message) ?? [];
  return (told ?? message).replace(/\n.*/s, '');
}
