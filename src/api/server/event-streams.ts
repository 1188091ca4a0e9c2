import type { FastifyReply, FastifyRequest } from 'fastify';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../runtime/clock.js';
import { addressKey } from '../../runtime/address-key.js';
import { Scope } from '../../runtime/scope.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import { ProblemError } from '../problem.js';
import { eventText, type ServerEvents } from '../server-events.js';

export interface EventStreamsOptions {
  readonly clock: Clock;
  /** Aborted when all streams shall end. */
  readonly stopping: AbortSignal;
}

/** Streams at one time, of all clients and of one address. */
const most = 200;
const mostOfOne = 50;

/** How often the log is told that there is no room, in milliseconds: clients that are refused come again. */
const retellMs = 60_000;

/** How often a stream that has nothing to tell shows that it is alive, in milliseconds. */
const beatMs = 15_000;

/** Streams of server-sent events to a bounded number of clients, each as fast as it reads. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #open = new Map<string, number>();
  #count = 0;
  #toldAt = -Infinity;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /** The streams that are open now. */
  get count(): number {
    return this.#count;
  }

  /** Takes one of the places, before anything is opened for it; returns what gives it back. Throws a ProblemError where none is free. */
  enter({ ip }: FastifyRequest): () => void {
    const key = addressKey(ip);
    this.#take(key);
    return () => this.#give(key);
  }

  /** Sends events until there are no more or the client is gone, and gives the place back. */
  send(reply: FastifyReply, events: ServerEvents, leave: () => void): void {
    void reply.hijack();
    const { raw } = reply;
    const headers = {
      ...reply.getHeaders(),
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    };
    raw.writeHead(200, headers as Record<string, string>);
    // Browsers wait for the first byte before they call a stream open.
    raw.write(': ok\n\n');
    void this.#pump(raw, events).finally(leave);
  }

  async #pump(raw: ServerResponse, events: ServerEvents): Promise<void> {
    const ended = new Scope(this.#options.stopping);
    const { signal } = ended;
    raw.once('close', () => ended.end());
    void this.#beat(raw, signal);
    const iterator = events[Symbol.asyncIterator]();
    try {
      for (;;) {
        // Each turn waits by itself: a promise that lasts as long as the stream would keep every event that it has sent.
        const next = await untilAborted(iterator.next(), signal);
        if (next === null || next.done === true) break;
        if (!raw.write(eventText(next.value))) await once(raw, 'drain', { signal });
      }
    } catch {
      // What a stream can't go on with it does not tell: its client comes back, and is told then.
    } finally {
      ended.end();
      raw.end();
      void iterator.return?.().catch(() => undefined);
    }
  }

  async #beat(raw: ServerResponse, ended: AbortSignal): Promise<void> {
    for (;;) {
      const isOver = await this.#options.clock.sleep(beatMs, ended).then(
        () => false,
        () => true,
      );
      if (isOver) return;
      if (!raw.writableNeedDrain) raw.write(': beat\n\n');
    }
  }

  #take(key: string): void {
    const own = this.#open.get(key) ?? 0;
    if (this.#count >= most || own >= mostOfOne) throw this.#noRoom();
    this.#count++;
    this.#open.set(key, own + 1);
  }

  #noRoom(): ProblemError {
    const now = this.#options.clock.monotonic();
    const isTold = now - this.#toldAt < retellMs;
    if (!isTold) this.#toldAt = now;
    const headers = { 'retry-after': '10', connection: 'close' };
    return new ProblemError(503, 'TOO_MANY_STREAMS', 'too many streams are open', { headers, isTold });
  }

  #give(key: string): void {
    this.#count--;
    const own = (this.#open.get(key) ?? 1) - 1;
    if (own === 0) this.#open.delete(key);
    else this.#open.set(key, own);
  }
}
