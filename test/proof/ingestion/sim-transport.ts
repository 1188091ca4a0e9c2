import type { HttpAnswer } from '../../../src/chain/transport/rpc/json-rpc-answer.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import type { PushChannel, Transport, TransportOptions } from '../../../src/chain/transport/rpc/transport.js';
import type { SimCall } from '../../support/chain-simulator.js';
import type { SimProcess } from '../simulator/sim-process.js';
import type { Timeline } from '../simulator/timeline.js';
import type { Reaction } from './endpoint-faults.js';
import type { SimEndpoint } from './sim-endpoint.js';

export interface SimTransportParts {
  readonly endpoint: SimEndpoint;
  readonly process: SimProcess;
  readonly timeline: Timeline;
  readonly random: () => number;
}

/** Carries requests to a simulated endpoint in virtual time, over a WebSocket where the endpoint has one. */
export class SimTransport implements Transport {
  readonly host: string;
  readonly push: PushChannel | null;
  readonly #options: TransportOptions;
  readonly #parts: SimTransportParts;
  #socket: SimSocket | null = null;
  #listener: (params: unknown) => void = () => undefined;

  constructor(options: TransportOptions, parts: SimTransportParts) {
    this.#options = options;
    this.#parts = parts;
    this.host = new URL(options.url).host;
    const push: PushChannel = {
      listen: (listener) => (this.#listener = listener),
      ended: () => this.#socket?.ended ?? Promise.resolve(),
      reset: () => this.#drop(),
    };
    this.push = parts.endpoint.plan.protocol === 'ws' ? push : null;
  }

  post(body: string, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const { endpoint } = this.#parts;
    if (!endpoint.isAway) this.#socket ??= this.#connect();
    const socket = this.#socket;
    return new Promise<HttpAnswer>((resolve, reject) => {
      const settle = (how: () => void): void => {
        cancel();
        signal.removeEventListener('abort', abort);
        socket?.pending.delete(lose);
        how();
      };
      const fail = (error: Error): void => settle(() => reject(error));
      const abort = (): void => fail(signal.reason as Error);
      const lose = (): void => fail(this.#error('transport', 'the connection broke', true));
      const { process, timeoutMs } = { ...this.#parts, ...this.#options };
      const expired = `no answer within ${timeoutMs / 1_000} s`;
      const cancel = process.timer(timeoutMs, () => fail(this.#error('timeout', expired, true)));
      signal.addEventListener('abort', abort, { once: true });
      socket?.pending.add(lose);
      this.#send(body, (reaction) => this.#take(reaction, socket, { lose, answer: (it) => settle(() => resolve(it)) }));
    });
  }

  close(): Promise<void> {
    this.#drop();
    return Promise.resolve();
  }

  /** What has left arrives even where its sender crashes meanwhile; what comes of it is for the living. */
  #send(body: string, then: (reaction: Reaction) => void): void {
    const { endpoint, process, timeline } = this.#parts;
    if (process.hasCrashed) return;
    timeline.after(this.#wayMs(), () => {
      const calls = JSON.parse(body) as SimCall | SimCall[];
      const reaction = endpoint.receive(calls);
      if ([calls].flat().some(({ method }) => method === 'eth_subscribe')) this.#socket?.subscribe();
      const delayMs = reaction.kind === 'answer' ? reaction.delayMs : 0;
      timeline.after(delayMs + this.#wayMs(), () => process.deliver(() => then(reaction)));
    });
  }

  #take(
    reaction: Reaction,
    socket: SimSocket | null,
    then: { readonly lose: () => void; readonly answer: (answer: HttpAnswer) => void },
  ): void {
    if (reaction.kind === 'silence') return;
    // A WebSocket knows no status, and what is no JSON breaks it.
    const isLost = reaction.kind === 'broken' || (this.push !== null && reaction.parsed === undefined);
    if (isLost) {
      then.lose();
      if (this.push !== null) socket?.break();
      return;
    }
    const { status, text = '', parsed, retryAfter } = reaction;
    then.answer({
      status,
      retryAfter,
      text,
      bytes: bytesOf(parsed, text),
      ...(parsed === undefined ? {} : { parsed }),
    });
  }

  #connect(): SimSocket {
    const { endpoint, timeline, process } = this.#parts;
    const hear = (header: unknown): void => {
      timeline.after(this.#wayMs(), () => process.deliver(() => socket.isOpen && this.#listener({ result: header })));
    };
    const socket = new SimSocket(endpoint, hear, () => {
      if (this.#socket === socket) this.#socket = null;
    });
    this.#options.connected?.();
    return socket;
  }

  #drop(): void {
    this.#socket?.break();
  }

  #wayMs(): number {
    const { endpoint, random } = this.#parts;
    return endpoint.plan.latencyMs * (0.25 + random() / 2);
  }

  #error(kind: 'transport' | 'timeout', message: string, lostConnection: boolean): RpcError {
    return new RpcError(message, { class: kind, host: this.host, lostConnection });
  }
}

/** The connection of a process, or all of those to one endpoint. */
class SimSocket {
  readonly pending = new Set<() => void>();
  readonly ended: Promise<void>;
  isOpen = true;
  readonly #endpoint: SimEndpoint;
  readonly #hear: (header: unknown) => void;
  readonly #gone: () => void;
  #end: () => void = () => undefined;

  constructor(endpoint: SimEndpoint, hear: (header: unknown) => void, gone: () => void) {
    this.#endpoint = endpoint;
    this.#hear = hear;
    this.#gone = gone;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    endpoint.connections.add(this.break);
  }

  subscribe(): void {
    if (this.isOpen) this.#endpoint.subscribers.add(this.#hear);
  }

  readonly break = (): void => {
    this.isOpen = false;
    this.#endpoint.connections.delete(this.break);
    this.#endpoint.subscribers.delete(this.#hear);
    this.#gone();
    for (const lose of [...this.pending]) lose();
    this.#end();
  };
}

/** About how long an answer would be, in bytes. */
function bytesOf(parsed: unknown, text: string): number {
  if (parsed === undefined) return text.length;
  return [parsed].flat().reduce((sum: number, reply) => {
    const { result } = reply as { readonly result?: unknown };
    return sum + (Array.isArray(result) ? result.length * 600 : 700);
  }, 0);
}
