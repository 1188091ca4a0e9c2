import type { Logger } from '../../../runtime/logger.js';
import type { RpcError } from './rpc-error.js';

/** How many texts are remembered: a node that writes ever new ones must not fill the memory. */
const textsRemembered = 200;

const reporters = new WeakMap<Logger, UnknownErrors>();

/** Returns the one who tells a logger of errors of unknown kinds. */
export function unknownErrorsOf(logger: Logger): UnknownErrors {
  const known = reporters.get(logger) ?? new UnknownErrors(logger);
  reporters.set(logger, known);
  return known;
}

/** Tells operators of errors that nobody has sorted yet: each text once, whole, so that it can be reported and sorted. */
class UnknownErrors {
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Logs an error of an unknown kind, unless one that differs in numbers only was logged before. */
  report({ class: kind, message, host }: RpcError): void {
    const text = message.replace(/0x[0-9a-f]+|\d+/gi, '#');
    if (kind !== 'unknown' || this.#told.has(text) || this.#told.size >= textsRemembered) return;
    this.#told.add(text);
    const line = `the RPC error is of an unknown kind and taken for one that passes: ${message}`;
    this.#logger.log('warn', line, { event: 'rpc.unknown_error', host });
  }
}
