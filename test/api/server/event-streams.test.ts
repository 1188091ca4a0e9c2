import { EventEmitter } from 'node:events';
import type { FastifyReply } from 'fastify';
import { expect } from 'chai';
import type { ServerEvents } from '../../../src/api/server-events.js';
import { EventStreams } from '../../../src/api/server/event-streams.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { followersOf } from '../../support/followers-of.js';
import { heldMoreAfter } from '../../support/garbage.js';

/** The answer to a client that reads as fast as the test says. */
class Raw extends EventEmitter {
  readonly headersSent = true;
  writableNeedDrain = false;
  isSlow = false;
  isEnded = false;
  bytes = 0;

  writeHead(): void {
    this.bytes = 0;
  }

  write(text: string): boolean {
    this.bytes += text.length;
    return !this.isSlow;
  }

  end(): void {
    this.isEnded = true;
  }
}

describe('a stream of events', () => {
  let stopping: AbortController;
  let raw: Raw;
  beforeEach(() => {
    stopping = new AbortController();
    raw = new Raw();
  });

  /** Returns when the client has gone. */
  const send = (events: ServerEvents): Promise<void> => {
    const reply = { raw, hijack: () => undefined, getHeaders: () => ({}) } as unknown as FastifyReply;
    return new Promise((resolve) => {
      new EventStreams({ clock: systemClock, stopping: stopping.signal }).send(reply, events, resolve);
    });
  };
  async function* some(events: number): ServerEvents {
    for (let i = 0; i < events; i++) {
      await Promise.resolve();
      yield { id: String(i), event: 'change', data: `${i} ${'x'.repeat(4_000)}` };
    }
  }

  it('keeps nothing of what it has sent while its client stays', async () => {
    let grownMb = NaN;
    const events = async function* (): ServerEvents {
      yield* some(100);
      let [begin, done] = [(): void => undefined, (): void => undefined];
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const sent = new Promise<void>((resolve) => (done = resolve));
      const held = heldMoreAfter(() => {
        begin();
        return sent;
      });
      await begun;
      yield* some(3_000);
      done();
      grownMb = await held;
    };
    await send(events());
    expect(raw.bytes).to.be.greaterThan(12e6);
    expect(grownMb).to.be.lessThan(3);
  });

  it('leaves nothing behind at the signal of the server once its client is gone', async () => {
    const before = followersOf(stopping.signal);
    for (let i = 0; i < 3; i++) await send(some(2));
    expect(followersOf(stopping.signal)).to.equal(before);
  });

  it('ends where its client goes, or the server stops, while it waits for one that reads slowly', async () => {
    raw.isSlow = true;
    const left = send(some(9));
    await new Promise((resolve) => setImmediate(resolve));
    raw.emit('drain');
    await new Promise((resolve) => setImmediate(resolve));
    raw.emit('close');
    await left;
    const sent = raw.bytes;
    expect(sent).to.be.within(8_000, 9_000);
    raw = new Raw();
    raw.isSlow = true;
    const stopped = send(some(9));
    await new Promise((resolve) => setImmediate(resolve));
    stopping.abort(new Error('the server ends'));
    await stopped;
    expect([raw.isEnded, raw.listenerCount('drain')]).to.deep.equal([true, 0]);
  });
});
