import { ChainClient } from '../../../../src/chain/blocks/chain-client.js';
import type { ChainClientOptions } from '../../../../src/chain/blocks/chain-client.js';
import type { HttpAnswer } from '../../../../src/chain/transport/rpc/json-rpc-answer.js';
import { ratesIn } from '../../../../src/chain/transport/rpc/rate-headers.js';
import { RpcError } from '../../../../src/chain/transport/errors/rpc-error.js';
import type { Transport, TransportOptions } from '../../../../src/chain/transport/rpc/transport.js';
import { silentLogger } from '../../../../src/runtime/logger.js';
import type { FakeClock } from '../../../support/fake-clock.js';
import { headerOf } from '../../../support/simulated-node.js';
import { makeBlock } from '../../../support/simulated-chain.js';

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A request that reached an endpoint. */
interface Arrival {
  readonly at: number;
  readonly methods: readonly string[];
  /** How many requests were there at that moment, this one included. */
  readonly inFlight: number;
}

/** How a request is met: with an answer, `null` for one, an error in it, no connection, no answer at all, or another HTTP status. */
type Reception =
  | 'answer'
  | 'null'
  | 'refused connection'
  | 'silence'
  | { readonly error: string; readonly code?: number }
  | { readonly status: number; readonly retryAfter?: string };

/** What the headers of an answer say, by their names in lower case. */
type Headers = Readonly<Record<string, string>>;

const block = makeBlock(undefined, 'scripted', []);

/** An endpoint without a network, which meets requests as the test says, by the test's clock. */
export class ScriptedEndpoint {
  readonly url: string;
  readonly arrivals: Arrival[] = [];
  chainId = 31_337;
  /** Its newest block, and the one that it says is its newest where that is another. */
  head = 1_000_000;
  toldHead: number | null = null;
  /** A digit: blocks of the same number have the same hash on the same fork. */
  fork = '0';
  /** How long an answer takes, in milliseconds. */
  delayMs = 10;
  receive: (arrival: Arrival, calls: readonly Call[]) => Reception = () => 'answer';
  /** The headers of the answer to the request that was received last. */
  headers: () => Headers = () => ({});
  inFlight = 0;
  /** Called by a test that wants a connection where there was none. */
  connect: () => void = () => undefined;
  readonly #clock: FakeClock;

  constructor(host: string, clock: FakeClock) {
    this.url = `http://${host}/secret-key`;
    this.#clock = clock;
  }

  /** Requests that asked for more than the chain's id. */
  get asked(): readonly Arrival[] {
    return this.arrivals.filter(({ methods }) => methods[0] !== 'eth_chainId');
  }

  transport({ timeoutMs, connected }: TransportOptions): Transport {
    const { host } = new URL(this.url);
    this.connect = (): void => connected?.();
    const post = async (body: string, signal: AbortSignal): Promise<HttpAnswer> => {
      signal.throwIfAborted();
      this.inFlight++;
      try {
        return await this.#meet(host, JSON.parse(body) as Call | Call[], timeoutMs, signal);
      } finally {
        this.inFlight--;
      }
    };
    return { host, push: null, post, close: () => Promise.resolve() };
  }

  async #meet(host: string, body: Call | Call[], timeoutMs: number, signal: AbortSignal): Promise<HttpAnswer> {
    const calls = [body].flat();
    const methods = calls.map(({ method }) => method);
    const arrival = { at: this.#clock.monotonic(), methods, inFlight: this.inFlight };
    this.arrivals.push(arrival);
    const met = this.receive(arrival, calls);
    const rates = ratesIn(this.headers(), this.#clock.now());
    const lost = { host, lostConnection: true } as const;
    if (met === 'refused connection') throw new RpcError('connect ECONNREFUSED', { class: 'transport', ...lost });
    await this.#clock.sleep(met === 'silence' ? timeoutMs : this.delayMs, signal);
    if (met === 'silence') throw new RpcError('no answer', { class: 'timeout', ...lost });
    if (typeof met === 'object' && 'status' in met) return { ...answerOf('', met.status, met.retryAfter), rates };
    const replies = calls.map((call) => ({ id: call.id, ...this.#reply(call, met) }));
    return { ...answerOf(JSON.stringify(Array.isArray(body) ? replies : replies[0]), 200), rates };
  }

  #reply(
    { method, params }: Call,
    met: Exclude<Reception, string | { readonly status: number }> | 'answer' | 'null',
  ): object {
    if (met === 'null') return { result: null };
    if (met !== 'answer') return { error: { code: met.code ?? -32_000, message: met.error } };
    if (method === 'eth_chainId') return { result: this.chainId };
    if (method === 'eth_getLogs') return { result: [] };
    const number = /^0x/.test(String(params[0])) ? Number(params[0]) : (this.toldHead ?? this.head);
    // Each block has a hash of its own.
    const hash = `0x${number.toString(16).padStart(64, this.fork)}`;
    const isThere = number <= this.head || params[0] === 'latest';
    return { result: isThere ? headerOf({ ...block, number, hash }) : null };
  }
}

function answerOf(text: string, status: number, retryAfter?: string): HttpAnswer {
  return { status, retryAfter, text, bytes: text.length };
}

/** Opens a client of scripted endpoints. */
export function openScripted(
  endpoints: readonly ScriptedEndpoint[],
  clock: FakeClock,
  options: Partial<ChainClientOptions> = {},
): ChainClient {
  const transport = (to: TransportOptions): Transport => endpoints.find(({ url }) => url === to.url)!.transport(to);
  const urls = endpoints.map(({ url }) => url);
  return new ChainClient({ urls, chainId: 31_337, clock, logger: silentLogger, transport, ...options });
}
