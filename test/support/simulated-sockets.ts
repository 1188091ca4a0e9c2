import type { Server } from 'node:http';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { SimCall } from './chain-simulator.js';

/** How a simulated node behaves over WebSockets; may be changed at any time. */
export interface SocketTraits {
  /** Tell new heads, keep a subscription and stay silent, or refuse eth_subscribe. */
  subscriptions: 'told' | 'silent' | 'refused';
  /** Close each new connection at once. */
  closesAtOnce: boolean;
  /** Neither answer, nor push, nor pong: the process stands still, or the network has lost the connection. */
  frozen: boolean;
}

/** What a node answers to the calls of one message; undefined: nothing. */
type Answer = (body: SimCall | SimCall[]) => Promise<string | undefined>;

/** The WebSocket side of a simulated node: answers calls, and tells new heads to those who subscribed. */
export class SimulatedSockets {
  readonly traits: SocketTraits = { subscriptions: 'told', closesAtOnce: false, frozen: false };
  /** How many connections there have been. */
  connections = 0;
  /** The headers with which the last of them came. */
  headers: Readonly<Record<string, string | string[] | undefined>> = {};
  readonly #server: WebSocketServer;
  readonly #answer: Answer;
  readonly #subscribed = new Map<WebSocket, string>();

  constructor(server: Server, answer: Answer) {
    this.#answer = answer;
    this.#server = new WebSocketServer({ server, autoPong: false });
    this.#server.on('connection', (socket, { headers }) => {
      this.connections++;
      this.headers = headers;
      socket.on('ping', () => {
        if (!this.traits.frozen) socket.pong();
      });
      socket.on('close', () => this.#subscribed.delete(socket));
      if (this.traits.closesAtOnce) socket.close(1013, 'try again later');
      else socket.on('message', (data) => void this.#hear(socket, data.toString('utf8')));
    });
  }

  /** How many connections have subscribed to new heads. */
  get subscribers(): number {
    return this.#subscribed.size;
  }

  /** Tells a head to all that have subscribed. */
  tell(header: unknown): void {
    if (this.traits.subscriptions !== 'told' || this.traits.frozen) return;
    for (const [socket, subscription] of this.#subscribed) {
      const params = { subscription, result: header };
      socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params }));
    }
  }

  /** Sends a text to all that are connected, as it is. */
  send(text: string): void {
    for (const socket of this.#server.clients) socket.send(text);
  }

  /** Breaks every connection. */
  drop(): void {
    for (const socket of this.#server.clients) socket.terminate();
  }

  /** Closes every connection as the protocol wants it. */
  close(): void {
    for (const socket of this.#server.clients) socket.close(1001, 'going away');
  }

  async #hear(socket: WebSocket, text: string): Promise<void> {
    if (this.traits.frozen) return;
    const body = JSON.parse(text) as SimCall | SimCall[];
    const answer = await this.#subscribe(socket, body);
    if (answer !== undefined) socket.send(answer);
  }

  async #subscribe(socket: WebSocket, body: SimCall | SimCall[]): Promise<string | undefined> {
    if (Array.isArray(body) || body.method !== 'eth_subscribe') return await this.#answer(body);
    const { id } = body;
    if (this.traits.subscriptions === 'refused') {
      return JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'notifications not supported' } });
    }
    const subscription = `0x${(this.#subscribed.size + 1).toString(16)}`;
    this.#subscribed.set(socket, subscription);
    return JSON.stringify({ jsonrpc: '2.0', id, result: subscription });
  }
}
