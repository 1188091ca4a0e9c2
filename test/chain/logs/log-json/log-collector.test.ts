import { expect } from 'chai';
import fc from 'fast-check';
import { LogCollector, readLogsAnswer } from '../../../../src/chain/logs/log-json/log-collector.js';
import { parseAround } from '../../../../src/chain/transport/rpc/long-array.js';
import { readLogs } from '../../../../src/chain/transport/rpc/rpc-values.js';
import type { RawLog } from '../../../../src/model/event.js';
import { Turns } from '../../../../src/runtime/turns.js';
import { HastyClock } from '../../../support/hasty-clock.js';
import { simContract, transferTopic } from '../../../support/simulated-chain.js';

type Fields = Record<string, unknown>;

const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;

function logAt(index: number, changes: Fields = {}): Fields {
  return {
    address: simContract,
    topics: [transferTopic, word(0xa0 + index), word(0xb0 + index)],
    data: word(1_000 + index),
    blockNumber: `0x${(100 + Math.floor(index / 3)).toString(16)}`,
    blockHash: word(0xb10c + Math.floor(index / 3)),
    blockTimestamp: '0x64',
    transactionHash: word(0x7a + Math.floor(index / 2)),
    transactionIndex: `0x${Math.floor(index / 2).toString(16)}`,
    logIndex: `0x${index.toString(16)}`,
    removed: false,
    ...changes,
  };
}

const alike = Array.from({ length: 40 }, (_log, index) => logAt(index));

/** A clock by which every turn is over: each time that it is looked at a second has passed. */
class SecondsClock extends HastyClock {
  rests = 0;

  override monotonic(): number {
    return (this.sleptMs += 1_000);
  }

  override sleep(): Promise<void> {
    this.rests++;
    return Promise.resolve();
  }
}

/** What the collector reads of an answer; null where the answer has to be parsed as a whole. */
async function collect(answer: string, clock = new SecondsClock()): Promise<readonly RawLog[] | null> {
  const collector = new LogCollector();
  const parsed = await parseAround(Buffer.from(answer), collector, new Turns(clock));
  if (parsed === undefined) return null;
  const answers = parsed as readonly { readonly result?: unknown }[];
  expect(answers.find(({ result }) => result === collector)).to.not.equal(undefined);
  return readLogsAnswer(collector);
}

const answerOf = (logs: string): string =>
  `[{"jsonrpc":"2.0","id":1,"result":{"number":"0x64"}},{"jsonrpc":"2.0","id":2,"result":${logs}}]`;

/** Holds the collector to what JSON.parse reads of the same text, if it takes it; a blank or `},{` in a text it need not. */
async function expectSame(logs: string): Promise<void> {
  expect((await collect(answerOf(logs))) ?? readLogs(JSON.parse(logs))).to.deep.equal(readLogs(JSON.parse(logs)));
}

describe('logs that are read from the bytes of an answer', () => {
  it('are the same as those that JSON.parse reads', async () => {
    for (const logs of [alike, alike.slice(0, 1), alike.map((log) => ({ ...log, removed: undefined, type: null }))]) {
      expect(await collect(answerOf(JSON.stringify(logs)))).to.deep.equal(readLogs(logs));
    }
  });

  it('are the same where one of them is written in another way', async () => {
    const odd: readonly Fields[] = [
      { address: simContract.toUpperCase().replace('0X', '0x') },
      { topics: [] },
      { topics: [transferTopic] },
      { topics: ['0x12'] },
      { topics: [transferTopic, '0x12', word(1)] },
      { topics: [transferTopic, `${word(1)}00`] },
      { topics: null },
      { topics: [transferTopic.toUpperCase().replace('0X', '0x')] },
      { data: '0x' },
      { data: '0x123' },
      { data: '0xABcd' },
      { data: undefined },
      { data: word(1).repeat(2).replaceAll('0x', '').replace(/^/, '0x') },
      { blockNumber: 7 },
      { blockNumber: `0x${'0'.repeat(20)}7` },
      { logIndex: '0x0000' },
      { blockTimestamp: '0x0' },
      { blockTimestamp: null },
      { transactionIndex: null },
      { removed: true },
      { note: 'a text with "},{" and \\ in it, and ünicode' },
      { l1BatchNumber: '0xff', logType: null, nested: { list: [{}, {}] } },
      { 7: 'a name that moves to the front' },
    ];
    for (const changes of odd) {
      for (const at of [0, 1, 20, 39]) {
        const logs = alike.map((log, index) => (index === at ? { ...log, ...changes } : log));
        await expectSame(JSON.stringify(logs));
        await expectSame(JSON.stringify(logs.map((log, index) => (index < 20 ? log : { ...log, ...changes }))));
      }
    }
  });

  it('are the same where a field is named twice, or blanks stand between them', async () => {
    const text = JSON.stringify(alike);
    await expectSame(text.replaceAll('"removed":false', '"removed":false,"data":"0x77"'));
    await expectSame(text.replaceAll(',"', ', "'));
    await expectSame(JSON.stringify(alike, null, 2).replace(/^\[\s+/, '['));
    await expectSame(text.replace('"logIndex":"0x14"', '"logIndex": "0x14"'));
  });

  it('are read whole, or the answer is refused, whatever byte is changed', async () => {
    const text = answerOf(JSON.stringify(alike.slice(0, 4)));
    const bytes = fc.tuple(
      fc.nat(text.length - 1),
      fc.constantFrom(' ', '"', '{', '}', '[', ']', ',', ':', '\\', '0', 'x', 'f', 'A', 'é'),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async ([at, byte]) => {
        const changed = text.slice(0, at) + byte + text.slice(at + 1);
        const collected = await collect(changed);
        if (collected === null) return;
        const answers = JSON.parse(changed) as readonly { readonly result?: unknown }[];
        const expected = answers.map(({ result }) => result).find(Array.isArray);
        expect(collected).to.deep.equal(readLogs(expected));
      }),
      { numRuns: 3_000 },
    );
  });

  it('are the same in pieces of any size and kind', async () => {
    const kinds = fc.constantFrom<Fields>(
      {},
      { data: `0x${'ab'.repeat(3_000)}` },
      { data: undefined },
      { removed: true },
      { address: simContract.toUpperCase().replace('0X', '0x') },
      { topics: [word(1)] },
      { extra: ' },{ ' },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(kinds, fc.nat(4)), { minLength: 1, maxLength: 60 }), async (runs) => {
        const logs = runs.flatMap(([kind, more]) => Array.from({ length: more + 1 }, () => kind));
        await expectSame(JSON.stringify(logs.map((kind, index) => logAt(index, kind))));
      }),
      { numRuns: 300 },
    );
  });

  it('keep the topics apart that end alike', async () => {
    const ends = ['0x'.padEnd(34, 'a'), '0x'.padEnd(34, 'b'), '0x'.padEnd(34, 'a')].map(
      (start) => start + '7'.repeat(32),
    );
    const logs = Array.from({ length: 40 }, (_log, index) => {
      const [from, to] = [ends[index % 3], ends[(index >> 1) % 3]];
      return logAt(index, { topics: [transferTopic, from, to].slice(0, 1 + (index % 3)) });
    });
    expect(await collect(answerOf(JSON.stringify(logs)))).to.deep.equal(readLogs(logs));
  });

  it('are read in turns, however many are written alike, or not', async () => {
    for (const changes of [{}, { note: 'ü'.repeat(2_000) }]) {
      const clock = new SecondsClock();
      const logs = Array.from({ length: 320 }, (_log, index) => logAt(index, index % 2 === 0 ? {} : changes));
      await collect(answerOf(JSON.stringify(logs)), clock);
      expect(clock.rests).to.be.at.least(10);
    }
  });

  it('are refused where one is none, as they are when they are parsed', async () => {
    const wrong: readonly Fields[] = [
      ...[{ blockHash: '0x12' }, { blockNumber: null }, { topics: [5] }, { address: word(1) }],
      ...[{ logIndex: '0x1fffffffffffff' }, { transactionIndex: '0xffffffff' }, { blockTimestamp: '0xfffffffffffff' }],
    ];
    for (const changes of wrong) {
      for (const at of [0, 20, 39]) {
        const logs = alike.map((log, index) => (index === at ? { ...log, ...changes } : log));
        expect(await collect(answerOf(JSON.stringify(logs)))).to.equal(null);
      }
    }
  });
});
