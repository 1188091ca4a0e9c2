import { expect } from 'chai';
import fc from 'fast-check';
import { eventSignatures, parseAbi } from '../../../src/chain/abi/abi.js';
import { createDecoder, type Decoded } from '../../../src/chain/abi/decoder.js';
import { extentOf } from '../../support/extent.js';
import { ethersEvent, eventsAndLogs, type EventAndLog } from './arbitrary-event.js';
import { decodeByEthers, isCanonical } from './ethers-oracle.js';
import { rawLog } from './log-fixtures.js';

/** How many logs are made up. */
const logs = extentOf({ sample: 300, full: 1_000, soak: 100_000 });

function decode({ event, indexedTopics, data }: EventAndLog): Decoded {
  const contracts = [{ addresses: null, abi: parseAbi([event]) }];
  const decoder = createDecoder({ contracts, eventsToMonitor: null, addressFilters: [], keepUnknown: false });
  const first = event.anonymous === true ? [] : [ethersEvent(event).topicHash];
  return decoder.decode(rawLog([...first, ...indexedTopics], data));
}

/** One change to a log, of the kinds that break decoders. */
const mutations: fc.Arbitrary<(log: EventAndLog) => EventAndLog> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(15)).map(([at, digit]) => inData((data) => replaceAt(data, 2 + at, digit.toString(16)))),
  fc.nat().map((at) => inData((data) => data.slice(0, 2 + (at % Math.max(1, data.length - 1))))),
  fc.nat(64).map((bytes) => inData((data) => data + '00'.repeat(bytes))),
  fc
    .tuple(
      fc.nat(),
      fc.oneof(
        fc.nat(20).map((words) => BigInt(words * 32)),
        fc.nat(700).map(BigInt),
        hugeNumbers(),
      ),
    )
    .map(([word, value]) => inData((data) => replaceWord(data, word, value))),
  fc.tuple(fc.nat(), fc.nat(), fc.nat(15)).map(([topic, at, digit]) => inTopics(topic, at, digit.toString(16))),
);

function hugeNumbers(): fc.Arbitrary<bigint> {
  return fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
    fc.nat(256).map((bits) => (1n << BigInt(bits)) - 1n),
  );
}

function inData(change: (data: string) => string): (log: EventAndLog) => EventAndLog {
  return (log) => ({ ...log, data: change(log.data) });
}

function inTopics(topic: number, at: number, digit: string): (log: EventAndLog) => EventAndLog {
  return (log) => ({
    ...log,
    indexedTopics: log.indexedTopics.map((old, i) =>
      i === topic % log.indexedTopics.length ? replaceAt(old, 2 + (at % 64), digit) : old,
    ),
  });
}

function replaceAt(text: string, at: number, by: string): string {
  const place = text.length <= 2 ? 2 : 2 + ((at - 2) % (text.length - 2));
  return text.length <= 2 ? text : text.slice(0, place) + by + text.slice(place + by.length);
}

function replaceWord(data: string, word: number, value: bigint): string {
  const words = Math.floor((data.length - 2) / 64);
  if (words === 0) return data;
  const at = 2 + (word % words) * 64;
  return data.slice(0, at) + value.toString(16).padStart(64, '0') + data.slice(at + 64);
}

describe('the decoder beside ethers', function () {
  if (logs > 1_000) this.timeout(0);

  it('names events of every type as ethers does', () => {
    fc.assert(
      fc.property(eventsAndLogs, ({ event }) => {
        expect(eventSignatures([event])).to.deep.equal([ethersEvent(event).format('sighash')]);
      }),
      { numRuns: 300 },
    );
  });

  it('decodes logs of every type as ethers does', () => {
    fc.assert(
      fc.property(eventsAndLogs, (log) => {
        expect(decode(log)).to.deep.equal({
          kind: 'event',
          eventName: 'Made',
          eventSignature: eventSignatures([log.event])[0],
          argsJson: decodeByEthers(log.event, log.indexedTopics, log.data),
        });
      }),
      { numRuns: logs },
    );
  });

  it('neither throws nor disagrees with ethers on damaged logs, and refuses none that an encoder could have made', () => {
    fc.assert(
      fc.property(eventsAndLogs, fc.array(mutations, { minLength: 1, maxLength: 3 }), (log, changes) => {
        const damaged = changes.reduce((changed, change) => change(changed), log);
        const ours = decode(damaged);
        const theirs = decodeByEthers(damaged.event, damaged.indexedTopics, damaged.data);
        // What ethers refuses is refused, but for a string that is not UTF-8.
        if (ours.kind === 'event' && theirs === undefined) expect(ours.argsJson).to.contain('{"hex":"0x');
        if (ours.kind === 'event' && theirs !== undefined) expect(ours.argsJson).to.equal(theirs);
        const untouchedTopics = damaged.indexedTopics.join() === log.indexedTopics.join();
        if (theirs !== undefined && untouchedTopics && isCanonical(damaged.event, damaged.data)) {
          expect(ours.kind).to.equal('event');
        }
      }),
      { numRuns: 2 * logs },
    );
  });
});
