import { expect } from 'chai';
import { TimeBatches } from '../../../src/chain/blocks/time-batches.js';
import type { AskedTimes, TimesTold } from '../../../src/chain/blocks/time-batches.js';
import type { BlockTime } from '../../../src/model/block.js';
import { settle } from '../../support/fake-clock.js';
import { rejectionOf } from '../../support/rejection.js';

const never = new AbortController().signal;
const timeOf = (number: number): BlockTime => ({ number, hash: `0x${number}`, timestamp: 12 * number });

interface Request {
  readonly asked: AskedTimes;
  readonly signal: AbortSignal;
  readonly resolve: (told: TimesTold | null) => void;
  readonly reject: (error: unknown) => void;
}

describe('the times of blocks', () => {
  let requests: Request[];
  let room: number;
  let answers: number;
  let batches: TimeBatches;

  beforeEach(() => {
    [requests, room, answers] = [[], 8, 0];
    batches = new TimeBatches({
      room: () => room,
      ask: (asked, signal) =>
        new Promise((resolve, reject) => {
          requests.push({ asked, signal, resolve, reject });
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    });
  });

  const read = (from: number, count: number, signal = never): Promise<(BlockTime | null)[]> =>
    batches.read(
      Array.from({ length: count }, (_item, at) => from + at),
      {
        signal,
        moved: () => {
          answers++;
          return Promise.resolve();
        },
      },
    );
  /** Has a request leave that waits to. */
  const leave = (at: number): readonly number[] => requests[at]!.asked.take();
  const answer = async (at: number, told: Partial<TimesTold> = {}): Promise<void> => {
    const found = new Map(leave(at).map((number) => [number, timeOf(number)]));
    requests[at]!.resolve({ found, mostCalls: 1_000, bytes: 100, ...told });
    await settle();
  };

  it('of many blocks are waited for without a warning of too many listeners', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    const { signal } = new AbortController();
    const times = read(1, 5_000, signal);
    await answer(0);
    for (let at = 1; at < requests.length; at++) await answer(at);
    expect(await times).to.have.length(5_000);
    process.off('warning', note);
    expect(warnings).to.deep.equal([]);
  });

  it('are asked for together by all who want some until a request leaves', async () => {
    const all = Promise.all([read(1, 2), read(2, 3), read(9, 1)]);
    expect(requests).to.have.length(1);
    expect(requests[0]!.asked.calls).to.equal(6);
    expect(leave(0)).to.deep.equal([1, 2, 3, 4, 9]);
    const later = read(20, 1);
    await answer(0);
    expect(await all).to.deep.equal([[1, 2].map(timeOf), [2, 3, 4].map(timeOf), [timeOf(9)]]);
    expect(answers).to.equal(3);
    await answer(1);
    expect(await later).to.deep.equal([timeOf(20)]);
  });

  /** Whoever comes wants so many blocks, and what is asked leaves at once. */
  const wait = (from: number, count: number): void => {
    void read(from, count).catch(() => undefined);
    leave(requests.length - 1);
  };

  it('are asked for in a few requests at a time, an eighth of all, while they fill none', async () => {
    for (let each = 0; each < 4; each++) wait(100 * each, 20);
    expect(requests).to.have.length(2);
    room = 40;
    await answer(0);
    expect(leave(2)).to.have.length(40);
    for (let each = 4; each < 8; each++) wait(100 * each, 20);
    expect(requests).to.have.length(6);
  });

  it('are asked for in as many requests as endpoints take where they fill them', () => {
    for (let each = 0; each < 10; each++) wait(100 * each, 50);
    expect(requests).to.have.length(8);
  });

  it('come in larger batches as long as more are wanted, and endpoints take them', async () => {
    void read(1, 3_000);
    const sizes = [];
    for (let at = 0; at < 7; at++) {
      sizes.push(leave(at).length);
      await answer(at, { mostCalls: 300 });
    }
    expect(sizes.slice(0, 3)).to.deep.equal([50, 100, 200]);
    expect(Math.max(...sizes)).to.equal(300);
  });

  it('come in answers that are not too long', async () => {
    void read(1, 3_000);
    for (let at = 0; at < 7; at++) await answer(at, { bytes: leave(at).length * 40_000 });
    leave(requests.length - 1);
    expect(requests.at(-1)!.asked.take().length).to.be.within(50, 104);
  });

  it('are asked for in smaller batches where that was too much', async () => {
    const all = read(1, 40);
    leave(0);
    requests[0]!.resolve(null);
    await settle();
    expect(leave(1)).to.have.length(20);
    await answer(1);
    await answer(2);
    expect(await all).to.have.length(40);
  });

  it('are asked for again where an answer left them out, and null where the node has none', async () => {
    const all = read(1, 2);
    await answer(0, { found: new Map([[1, null]]) });
    expect(leave(1)).to.deep.equal([2]);
    await answer(1);
    expect(await all).to.deep.equal([null, timeOf(2)]);
  });

  it('fail with what asking threw, for those who waited for it', async () => {
    const first = rejectionOf(read(1, 1));
    leave(0);
    const second = read(2, 1);
    requests[0]!.reject(new Error('away'));
    expect((await first).message).to.equal('away');
    await answer(1);
    expect(await second).to.deep.equal([timeOf(2)]);
  });

  it('are given up once nobody waits for them, before a request leaves and after', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const both = [rejectionOf(read(1, 1, one.signal)), rejectionOf(read(2, 1, other.signal))];
    leave(0);
    one.abort(new Error('gone'));
    expect(requests[0]!.signal.aborted).to.equal(false);
    other.abort(new Error('gone, too'));
    expect(requests[0]!.signal.aborted).to.equal(true);
    expect((await Promise.all(both)).map(({ message }) => message)).to.deep.equal(['gone', 'gone, too']);
    const third = new AbortController();
    const last = rejectionOf(read(3, 1, third.signal));
    third.abort(new Error('gone'));
    await last;
    expect(requests[1]!.signal.aborted).to.equal(true);
    await settle();
    const next = read(4, 1);
    await answer(2);
    expect(await next).to.deep.equal([timeOf(4)]);
  });
});
