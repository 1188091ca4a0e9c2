import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { addressKey } from './address-key.js';

/** Connections at most, of all clients and of one address. */
export interface ConnectionLimits {
  readonly most: number;
  readonly mostOfOne: number;
}

/**
 * Bounds the connections of a server, so that each new client is heard: where there is no room, the connection closes on
 * which nothing has been asked for longest, of the same address or of the one that has most. Where each of those waits for
 * an answer, the new one closes.
 */
export function limitConnections(server: Server, limits: ConnectionLimits): void {
  const connections = new Connections(limits);
  server.on('connection', (socket: Socket) => connections.add(socket));
  server.on('request', (_request, response) => connections.asked(response));
}

class Connections {
  readonly #limits: ConnectionLimits;
  /** By address, those first on which nothing has been asked for longest. */
  readonly #open = new Map<string, Set<Socket>>();
  readonly #answers = new WeakMap<Socket, ServerResponse>();
  #count = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  add(socket: Socket): void {
    const key = addressKey(socket.remoteAddress ?? '');
    if (!this.#makeRoom(key)) {
      socket.destroy();
      return;
    }
    const own = this.#open.get(key) ?? new Set();
    this.#open.set(key, own.add(socket));
    this.#count++;
    socket.once('close', () => this.#forget(key, socket));
  }

  asked(response: ServerResponse): void {
    const socket = response.req.socket;
    this.#answers.set(socket, response);
    const own = this.#open.get(addressKey(socket.remoteAddress ?? ''));
    if (own?.delete(socket) === true) own.add(socket);
  }

  #makeRoom(key: string): boolean {
    const { most, mostOfOne } = this.#limits;
    if ((this.#open.get(key)?.size ?? 0) >= mostOfOne) return this.#closeOneOf(key);
    return this.#count < most || this.#closeOneOf(this.#largest());
  }

  #largest(): string {
    const [first = ''] = this.#open.keys();
    const size = (key: string): number => this.#open.get(key)?.size ?? 0;
    return [...this.#open.keys()].reduce((largest, key) => (size(key) > size(largest) ? key : largest), first);
  }

  #closeOneOf(key: string): boolean {
    for (const socket of this.#open.get(key) ?? []) {
      if (this.#isAwaited(socket)) continue;
      // It counts no more from now on: the event of its end comes later.
      this.#forget(key, socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  /** Says whether an answer is being made; a request that is not whole, and an answer that is not read, are the client's affair. */
  #isAwaited(socket: Socket): boolean {
    const answer = this.#answers.get(socket);
    return answer !== undefined && answer.req.complete && !answer.writableEnded;
  }

  #forget(key: string, socket: Socket): void {
    const own = this.#open.get(key);
    if (own?.delete(socket) !== true) return;
    this.#count--;
    if (own.size === 0) this.#open.delete(key);
  }
}
