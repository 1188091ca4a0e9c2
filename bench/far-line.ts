import { RpcError } from '../src/chain/transport/errors/rpc-error.js';
import type { HttpAnswer } from '../src/chain/transport/rpc/json-rpc-answer.js';
import { ratesIn } from '../src/chain/transport/rpc/rate-headers.js';
import type { Transport, TransportOptions } from '../src/chain/transport/rpc/transport.js';
import { errorText } from './far-node-rules.js';
import type { FarFault, FarNodeRules, FarNodeTraits } from './far-node-rules.js';
import type { LogChain } from './log-chain.js';

export interface FarLineParts {
  readonly traits: FarNodeTraits;
  readonly rules: FarNodeRules;
  readonly chain: LogChain;
}

/** Carries requests to a far node without a network, by a clock that only seems to pass, over connections that are kept alive. */
export class FarLine implements Transport {
  readonly host: string;
  readonly push = null;
  readonly #options: TransportOptions;
  readonly #parts: FarLineParts;
  #idle = 0;
  /** As HttpEndpoint has it: false until there is a connection, and from the loss of one to the next one. */
  #isSure = false;

  constructor(options: TransportOptions, parts: FarLineParts) {
    this.#options = options;
    this.#parts = parts;
    this.host = new URL(options.url).host;
  }

  async post(body: string, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    if (this.#idle > 0) this.#idle--;
    else this.#connect();
    const { latencyMs } = this.#parts.traits;
    const { headers, end } = this.#parts.rules.arrive();
    const { clock } = this.#options;
    // Whoever gives up does not keep the node from answering.
    const reply = clock.sleep(latencyMs).then(end);
    const met = await orAborted(reply, signal);
    const rates = ratesIn(headers, clock.now());
    if (met.kind === 'refusal') return this.#answer(429, met.text, rates);
    if (met.kind === 'answer') return this.#answer(200, this.#parts.chain.answer(body), rates);
    return this.#fail(met.fault, body, signal);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #fail(fault: FarFault, body: string, signal: AbortSignal): Promise<HttpAnswer> {
    const { clock } = this.#options;
    switch (fault.how) {
      case 'status':
        return this.#answer(fault.status, fault.text);
      case 'error':
        return this.#answer(200, errorText(fault.error));
      case 'late':
        await clock.sleep(fault.latencies * this.#parts.traits.latencyMs, signal);
        return this.#answer(200, this.#parts.chain.answer(body));
      case 'half':
        await clock.sleep(fault.afterMs, signal);
        return this.#lose();
      case 'destroy':
        return this.#lose();
    }
  }

  #connect(): void {
    if (!this.#isSure) this.#options.connected?.();
    this.#isSure = true;
  }

  #lose(): never {
    this.#isSure = false;
    throw new RpcError('other side closed', { class: 'transport', host: this.host, lostConnection: true });
  }

  #answer(status: number, text: string | Buffer, rates: HttpAnswer['rates'] = []): HttpAnswer {
    this.#idle++;
    const body = Buffer.from(text);
    return {
      status,
      retryAfter: undefined,
      rates,
      body,
      bytes: body.length,
      get text(): string {
        return body.toString();
      },
    };
  }
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
