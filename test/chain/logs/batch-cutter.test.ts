import { expect } from 'chai';
import { cutBatches } from '../../../src/chain/logs/batch-cutter.js';
import type { LogDecoder } from '../../../src/chain/abi/decoder.js';
import type { FetchedRange } from '../../../src/chain/blocks/range-reader.js';
import type { EventBatch } from '../../../src/model/batch.js';
import type { RawLog } from '../../../src/model/event.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { rawLog } from '../abi/log-fixtures.js';

const hashOf = (number: number): string => `0x${number.toString(16).padStart(64, '0')}`;

/** Logs of blocks 1, 2, …, so many in each. */
function rangeOf(...counts: number[]): FetchedRange {
  const logs = counts.flatMap((count, index) =>
    Array.from({ length: count }, (_item, logIndex): RawLog => {
      const number = index + 1;
      return { ...rawLog([]), blockNumber: number, blockHash: hashOf(number), logIndex };
    }),
  );
  const headers = counts.map((_count, index) => {
    const number = index + 1;
    return { number, hash: hashOf(number), parentHash: hashOf(index), timestamp: 100 + number, logsBloom: undefined };
  });
  const timestamps = new Map(headers.map(({ number, timestamp }) => [number, timestamp]));
  return { from: 1, to: counts.length, logs, headers, last: headers.at(-1)!, timestamps, bytes: 0 };
}

describe('cutting a range into batches', () => {
  const kinds: LogDecoder['decode'] = ({ logIndex }) => {
    if (logIndex % 3 === 0) return { kind: 'ignored' };
    if (logIndex % 3 === 1) return { kind: 'undecoded', reason: 'no_topics' };
    return { kind: 'event', eventName: 'E', eventSignature: 'E()', argsJson: '{}' };
  };
  const cut = async (
    range: FetchedRange,
    decode = kinds,
    finalized = 0,
    clock = new HastyClock(),
  ): Promise<EventBatch[]> => {
    const batches: EventBatch[] = [];
    const decoder = { topics: null, addresses: null, decode };
    for await (const batch of cutBatches(range, decoder, finalized, clock)) batches.push(batch);
    return batches;
  };

  it('keeps events and logs that could not be decoded, and drops what was not asked for', async () => {
    const [batch] = await cut(rangeOf(3));
    expect(batch).to.include({ fromBlock: 1, toBlock: 1, toHash: hashOf(1) });
    expect(batch?.events.map((event) => event.logIndex)).to.deep.equal([2]);
    expect(batch?.events[0]).to.include({ eventName: 'E', timestamp: 101, blockHash: hashOf(1) });
    expect(batch?.undecoded.map((log) => log.logIndex)).to.deep.equal([1]);
    expect(batch?.undecoded[0]).to.include({ reason: 'no_topics', data: '0x', timestamp: 101 });
  });

  it('cuts between blocks where a batch is full, counting both kinds, and never inside one', async () => {
    const batches = await cut(rangeOf(6_000, 6_000, 60, 0, 9_000, 6));
    expect(batches.map(({ fromBlock, toBlock }) => [fromBlock, toBlock])).to.deep.equal([
      [1, 2],
      [3, 5],
      [6, 6],
    ]);
    expect(batches.map(({ toHash }) => toHash)).to.deep.equal([2, 5, 6].map(hashOf));
  });

  it('names the blocks of each batch that may yet be replaced', async () => {
    const batches = await cut(rangeOf(8_000, 0, 8_000, 1), kinds, 2);
    expect(batches.map((batch) => batch.recentBlocks.map((block) => block.number))).to.deep.equal([[], [3], [4]]);
    expect(batches.every((batch) => batch.finalizedBlock === 2)).to.equal(true);
  });

  it('never works for more than 50 ms without letting others have their turn', async () => {
    const clock = new HastyClock();
    const turns: number[] = [];
    const slow: LogDecoder['decode'] = (log) => {
      clock.sleptMs += 1;
      return kinds(log);
    };
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (ms, signal) => (turns.push(clock.sleptMs), sleep(ms, signal));
    await cut(rangeOf(5_000), slow, 0, clock);
    const works = [...turns, clock.sleptMs].map((at, index) => at - (turns[index - 1] ?? 0));
    expect(Math.max(...works)).to.be.within(10, 50);
  });

  it('ends a batch where its arguments are long, and does not let one grow beyond memory', async () => {
    const argsJson = JSON.stringify({ data: 'f'.repeat(1_000_000) });
    const batches = await cut(rangeOf(...new Array<number>(20).fill(1)), () => ({
      kind: 'event',
      eventName: 'E',
      eventSignature: 'E(bytes)',
      argsJson,
    }));
    expect(batches.map(({ events }) => events.length)).to.deep.equal([9, 9, 2]);
  });
});
