import { expect } from 'chai';
import type { LogDecoder } from '../../../src/chain/abi/decoder.js';
import type { FetchedRange } from '../../../src/chain/blocks/range-reader.js';
import type { LogSource } from '../../../src/chain/logs/log-source.js';
import type { EventBatch } from '../../../src/model/batch.js';
import type { BlockRef } from '../../../src/model/block.js';
import { HistoryReader } from '../../../src/components/event-monitor/history-reader.js';
import type { LookBack } from '../../../src/components/event-monitor/history-reader.js';
import { PlayedRanges } from '../../chain/logs/played-ranges.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { rejectionOf } from '../../support/rejection.js';

const signal = new AbortController().signal;
const decoder = { topics: null, addresses: null, decode: () => ({ kind: 'ignored' }) as const };

describe('reading history', () => {
  let source: PlayedRanges;
  let reader: HistoryReader;
  let moves: number;
  let moved: () => Promise<void>;

  beforeEach(() => {
    source = new PlayedRanges();
    moves = 0;
    moved = () => Promise.resolve();
    const logs = source as unknown as LogSource;
    const tell = (): Promise<void> => (moves++, moved());
    reader = new HistoryReader({ logs, decoder, clock: new HastyClock(), moved: tell });
  });
  afterEach(() => reader.close());

  it('makes the next batch while the one before is in hand, of all ranges that are there', async () => {
    const first = reader.next({ from: 1, to: 1_000 }, 0, signal);
    await source.answer(1);
    expect(await first).to.include({ fromBlock: 1, toBlock: 10 });
    for (const from of [31, 21, 11]) await source.answer(from);
    const second = await reader.next({ from: 11, to: 1_000 }, 0, signal);
    expect(second).to.include({ fromBlock: 11, toBlock: 40 });
    expect(second.toHash).to.equal(`0x${(40).toString(16).padStart(64, '0')}`);
  });

  it('asks of each batch once it is made whether the chain was begun anew below it, and makes the next one meanwhile', async () => {
    const asked: (BlockRef | null)[] = [];
    const verdicts: ((verdict: boolean) => void)[] = [];
    const lookBack = (before: BlockRef | null): Promise<boolean> => {
      asked.push(before);
      return new Promise((resolve) => verdicts.push(resolve));
    };
    const next = (from: number): Promise<EventBatch> => reader.next({ from, to: 1_000 }, 0, signal, lookBack);
    const first = next(1);
    await source.answer(1);
    await first;
    const ofFirst = reader.isBegunAnew;
    expect(asked).to.deep.equal([null]);
    await source.answer(11);
    const second = await next(11);
    expect(asked).to.deep.equal([null, { number: 10, hash: (await first).toHash }]);
    const ofSecond = reader.isBegunAnew;
    await source.answer(21);
    expect(asked[2]).to.deep.equal({ number: 20, hash: second.toHash });
    verdicts[1]?.(true);
    verdicts[0]?.(false);
    expect([await ofFirst, await ofSecond]).to.deep.equal([false, true]);
  });

  it('tells a look back what was read for the batch, and what before it', async () => {
    const told: unknown[] = [];
    const lookBack: LookBack = (_before, ranges, former) => {
      told.push([former, ...ranges].map((range) => range?.last.number ?? null));
      return Promise.resolve(false);
    };
    const next = (from: number): Promise<EventBatch> => reader.next({ from, to: 10_000 }, 0, signal, lookBack);
    const first = next(1);
    await source.answer(1);
    await first;
    for (const from of [21, 11]) await source.answer(from);
    await next(11);
    await source.answer(31);
    const other = next(5_001);
    await source.answer(5_001);
    await other;
    await reader.isBegunAnew;
    expect(told).to.deep.equal([
      [null, 10],
      [10, 20, 30],
      [30, 40],
      [null, 5_010],
    ]);
  });

  it('tells a look back of the range of which it is the rest where several batches are cut from one', async () => {
    const data = 'x'.repeat(8 * 2 ** 20);
    const logs = [1, 2, 3].map((number) => ({
      blockNumber: number,
      blockHash: `0x${number}`,
      address: `0x${'00'.repeat(20)}`,
      data,
    }));
    const fetch: PlayedRanges['fetch'] = async (...asked) => {
      const fetched = await PlayedRanges.prototype.fetch.apply(source, asked);
      return { ...fetched, logs: fetched.from === 1 ? (logs as unknown as FetchedRange['logs']) : [] };
    };
    Object.assign(source, { fetch });
    const undecoded = { ...decoder, decode: () => ({ kind: 'undecoded', reason: 'unknown_event' }) as const };
    const parts = { logs: source as unknown as LogSource, decoder: undecoded as LogDecoder, clock: new HastyClock() };
    const dense = new HistoryReader({ ...parts, moved });
    const told: (readonly (number | undefined)[])[] = [];
    const lookBack: LookBack = (_before, ranges, former) => {
      told.push([former?.last.number, ...ranges.map(({ last }) => last.number)]);
      return Promise.resolve(false);
    };
    const next = (from: number): Promise<EventBatch> => dense.next({ from, to: 1_000 }, 0, signal, lookBack);
    const first = next(1);
    await source.answer(1);
    await source.answer(11);
    await first;
    for (const from of [2, 3, 11]) await next(from);
    await dense.isBegunAnew;
    expect(told).to.deep.equal([[undefined, 10], [10], [10], [10, 20]]);
    dense.close();
  });

  it('tells of each answer, also of what it reads ahead', async () => {
    const first = reader.next({ from: 1, to: 1_000 }, 0, signal);
    await source.answer(1);
    await first;
    for (const from of [11, 21, 31]) await source.answer(from);
    expect(moves).to.equal(4);
  });

  it('throws what its owner throws', async () => {
    const lost = new Error('the lease is lost');
    moved = () => Promise.reject(lost);
    const first = rejectionOf(reader.next({ from: 1, to: 1_000 }, 0, signal));
    await source.answer(1);
    expect(await first).to.equal(lost);
    expect(source.inFlight).to.deep.equal([]);
  });

  it('gives up what it has read ahead when it is closed, and begins anew elsewhere', async () => {
    const first = reader.next({ from: 1, to: 1_000 }, 0, signal);
    await source.answer(1);
    await first;
    // Farther off than is read ahead.
    const other = reader.next({ from: 5_001, to: 10_000 }, 0, signal);
    expect(source.inFlight[0]).to.equal(5_001);
    await source.answer(5_001);
    expect((await other).fromBlock).to.equal(5_001);
    reader.close();
    expect(source.inFlight).to.deep.equal([]);
  });
});
