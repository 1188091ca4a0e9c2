import { expect } from 'chai';
import { parseAbi } from '../../../src/chain/abi/abi.js';
import { createDecoder, type Decoded } from '../../../src/chain/abi/decoder.js';
import type { ContractAbi } from '../../../src/model/pipeline.js';
import { readCase, withCorpus, type RecordedCase } from '../../support/corpus.js';
import { rawLog } from './log-fixtures.js';

const reasons: Readonly<Record<string, string>> = {
  'topic0-not-in-abi': 'unknown_event',
  'indexed-count-mismatch': 'indexed_mismatch',
  'no-topics': 'no_topics',
  'decode-error': 'undecodable',
};

withCorpus('decoding recorded logs', (names) => {
  for (const name of names) {
    it(`gives each log of ${name} the event, signature and arguments or the reason that were recorded`, () => {
      const recorded = readCase(name);
      const contracts = contractsOf(recorded);
      const decoder = createDecoder({ contracts, eventsToMonitor: null, addressFilters: [], keepUnknown: true });
      recorded.logs.forEach((log, position) => {
        const decoded = decoder.decode(rawLog(log.topics, log.data, log.address));
        expect(summarize(decoded), `log ${position}`).to.deep.equal(expectation(recorded, position));
      });
    });
  }
});

function contractsOf(recorded: RecordedCase): ContractAbi[] {
  if (recorded.contracts !== undefined) {
    return recorded.contracts.map(({ address, abi }) => ({ addresses: [address], abi: parseAbi(abi) }));
  }
  const addresses = recorded.addresses.length === 0 ? null : recorded.addresses;
  return [{ addresses, abi: parseAbi(recorded.abi) }];
}

function expectation({ expected }: RecordedCase, position: number): unknown {
  const entry = expected[position]!;
  if (entry.event === null) return { reason: reasons[entry.reason ?? ''] ?? entry.reason };
  return { name: entry.event, signature: entry.signature, args: entry.args };
}

function summarize(decoded: Decoded): unknown {
  if (decoded.kind === 'undecoded') return { reason: decoded.reason };
  if (decoded.kind === 'ignored') return 'ignored';
  return { name: decoded.eventName, signature: decoded.eventSignature, args: withPlainHashes(decoded.argsJson) };
}

/** In the records, an indexed value that is hashed is its topic as plain hex. */
function withPlainHashes(argsJson: string): unknown {
  return JSON.parse(argsJson, (key, value: unknown) => {
    const isHash = typeof value === 'object' && value !== null && Object.keys(value).join() === 'hash';
    return isHash && key !== '' ? (value as { hash: string }).hash : value;
  });
}
