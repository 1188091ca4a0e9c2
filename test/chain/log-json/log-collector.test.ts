import { expect } from 'chai';
import fc from 'fast-check';
import { LogCollector, readLogsAnswer } from '../../../src/chain/log-json/log-collector.js';
import { parseAround } from '../../../src/chain/rpc/long-array.js';
import { readLogs } from '../../../src/chain/rpc/rpc-values.js';
import type { RawLog } from '../../../src/model/event.js';
import { simContract, transferTopic } from '../../support/simulated-chain.js';

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

/** What the collector reads of an answer; null where the answer has to be parsed as a whole. */
function collect(answer: string): readonly RawLog[] | null {
  const collector = new LogCollector();
  const parsed = parseAround(Buffer.from(answer), collector) as readonly { readonly result?: unknown }[] | undefined;
  if (parsed === undefined) return null;
  expect(parsed.find(({ result }) => result === collector)).to.not.equal(undefined);
  return readLogsAnswer(collector);
}

const answerOf = (logs: string): string =>
  `[{"jsonrpc":"2.0","id":1,"result":{"number":"0x64"}},{"jsonrpc":"2.0","id":2,"result":${logs}}]`;

/** Holds the collector to what JSON.parse reads of the same text, if it takes it; a blank or `},{` in a text it need not. */
function expectSame(logs: string): void {
  expect(collect(answerOf(logs)) ?? readLogs(JSON.parse(logs))).to.deep.equal(readLogs(JSON.parse(logs)));
}

describe('logs that are read from the bytes of an answer', () => {
  it('are the same as those that JSON.parse reads', () => {
    for (const logs of [alike, alike.slice(0, 1), alike.map((log) => ({ ...log, removed: undefined, type: null }))]) {
      expect(collect(answerOf(JSON.stringify(logs)))).to.deep.equal(readLogs(logs));
    }
  });

  it('are the same where one of them is written in another way', () => {
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
        expectSame(JSON.stringify(logs));
        expectSame(JSON.stringify(logs.map((log, index) => (index < 20 ? log : { ...log, ...changes }))));
      }
    }
  });

  it('are the same where a field is named twice, or blanks stand between them', () => {
    const text = JSON.stringify(alike);
    expectSame(text.replaceAll('"removed":false', '"removed":false,"data":"0x77"'));
    expectSame(text.replaceAll(',"', ', "'));
    expectSame(JSON.stringify(alike, null, 2).replace(/^\[\s+/, '['));
    expectSame(text.replace('"logIndex":"0x14"', '"logIndex": "0x14"'));
  });

  it('are read whole, or the answer is refused, whatever byte is changed', () => {
    const text = answerOf(JSON.stringify(alike.slice(0, 4)));
    const bytes = fc.tuple(
      fc.nat(text.length - 1),
      fc.constantFrom(' ', '"', '{', '}', '[', ']', ',', ':', '\\', '0', 'x', 'f', 'A', 'é'),
    );
    fc.assert(
      fc.property(bytes, ([at, byte]) => {
        const changed = text.slice(0, at) + byte + text.slice(at + 1);
        const collected = collect(changed);
        if (collected === null) return;
        const answers = JSON.parse(changed) as readonly { readonly result?: unknown }[];
        const expected = answers.map(({ result }) => result).find(Array.isArray);
        expect(collected).to.deep.equal(readLogs(expected));
      }),
      { numRuns: 3_000 },
    );
  });

  it('are the same in pieces of any size and kind', () => {
    const kinds = fc.constantFrom<Fields>(
      {},
      { data: `0x${'ab'.repeat(3_000)}` },
      { data: undefined },
      { removed: true },
      { address: simContract.toUpperCase().replace('0X', '0x') },
      { topics: [word(1)] },
      { extra: ' },{ ' },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(kinds, fc.nat(4)), { minLength: 1, maxLength: 60 }), (runs) => {
        const logs = runs.flatMap(([kind, more]) => Array.from({ length: more + 1 }, () => kind));
        expectSame(JSON.stringify(logs.map((kind, index) => logAt(index, kind))));
      }),
      { numRuns: 300 },
    );
  });

  it('are refused where one is none, as they are when they are parsed', () => {
    for (const changes of [{ blockHash: '0x12' }, { blockNumber: null }, { topics: [5] }, { address: word(1) }]) {
      for (const at of [0, 20, 39]) {
        const logs = alike.map((log, index) => (index === at ? { ...log, ...changes } : log));
        expect(collect(answerOf(JSON.stringify(logs)))).to.equal(null);
      }
    }
  });
});
