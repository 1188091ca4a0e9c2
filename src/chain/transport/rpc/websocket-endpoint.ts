import { UsageError } from '../../../runtime/errors.js';
import { Scope } from '../../../runtime/scope.js';
import { maskUrl } from '../../../runtime/secrets.js';
import { shownHost } from '../../../runtime/shown-host.js';
import { expire } from './expire.js';
import { parseBody, shorten } from './json-rpc-answer.js';
import type { HttpAnswer } from './json-rpc-answer.js';
import { PendingRequests } from './pending-requests.js';
import { RpcError } from '../errors/rpc-error.js';
import { isWebSocketUrl } from './transport.js';
import type { PushChannel, Transport, TransportOptions } from './transport.js';
import { untilAborted } from '../../../runtime/until-aborted.js';
import { WebSocketConnection } from './websocket-connection.js';

/** Sends JSON-RPC over one WebSocket, which is opened by the first request, and anew by the next one after its end. */
export class WebSocketEndpoint implements Transport {
  readonly host: string;
  readonly push: PushChannel;
  readonly #options: TransportOptions;
  readonly #url: URL;
  readonly #pending = new PendingRequests();
  #connection: WebSocketConnection | null = null;
  #notified: (params: unknown) => void = () => undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#url = parseWebSocketUrl(options.url);
    this.host = shownHost(this.#url.host);
    this.push = {
      listen: (listener) => (this.#notified = listener),
      ended: async () => {
        await this.#connection?.ended;
      },
      reset: () => this.#connection?.drop('the WebSocket is opened anew'),
    };
  }

  async post(body: string, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const scope = new Scope(signal);
    const exchanged = this.#exchange(body, scope.signal);
    void this.#expire(scope);
    try {
      return await exchanged;
    } finally {
      scope.end();
    }
  }

  async close(): Promise<void> {
    this.#connection?.drop('the connection was closed');
    await this.#connection?.ended;
  }

  async #expire(scope: Scope): Promise<void> {
    const connection = this.#connection;
    const heard = connection?.heard;
    const late = await expire(scope, this.host, this.#options);
    // A message that dribbles in would hold up all that come behind it.
    if (late !== null && connection?.heard === heard) connection?.drop(late.text);
  }

  async #exchange(body: string, signal: AbortSignal): Promise<HttpAnswer> {
    const connection = this.#open();
    try {
      await untilAborted(connection.opened, signal);
      signal.throwIfAborted();
    } catch (error) {
      // A server that refuses in HTTP is answered for as if the request itself had been refused.
      if (connection.refusal !== null && !signal.aborted) return connection.refusal;
      throw error;
    }
    // Whoever waited together may find the connection lost by those before.
    if (!connection.isUsable) throw await connection.ended;
    const answer = this.#pending.add(body, signal);
    connection.send(body);
    return answer;
  }

  #open(): WebSocketConnection {
    if (this.#connection?.isUsable === true) return this.#connection;
    const { clock, maxBytes } = this.#options;
    const onMessage = (text: string, bytes: number): void => this.#hear(text, bytes);
    const connection = new WebSocketConnection({ url: this.#url, clock, maxBytes, onMessage });
    this.#connection = connection;
    connection.opened.then(this.#options.connected, () => undefined);
    void connection.ended.then((reason) => this.#lost(connection, reason));
    return connection;
  }

  #lost(connection: WebSocketConnection, reason: RpcError): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    this.#pending.failAll(reason);
  }

  #hear(text: string, bytes: number): void {
    const parsed = parseBody(text);
    if (typeof parsed !== 'object' || parsed === null) {
      // Whose answer it was can't be known: all that wait must ask again, and soon.
      this.#connection?.fail(new RpcError(`no JSON: ${shorten(text, 200)}`, { class: 'malformed', host: this.host }));
      return;
    }
    const { method, params } = parsed as { readonly method?: unknown; readonly params?: unknown };
    if (typeof method === 'string') this.#notified(params);
    else this.#pending.settle({ status: 200, retryAfter: undefined, text, bytes, parsed });
  }
}

function parseWebSocketUrl(url: string): URL {
  if (URL.canParse(url) && isWebSocketUrl(url)) return new URL(url);
  throw new UsageError(`RPC URL ${maskUrl(url)} is no ws:// or wss:// URL`, {
    hint: 'give the URL of a JSON-RPC endpoint, such as ws://127.0.0.1:8546',
  });
}
