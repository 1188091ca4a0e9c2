import { expect } from 'chai';
import { JsonBytes } from '../../../../src/chain/logs/log-json/json-bytes.js';
import { LogLayout } from '../../../../src/chain/logs/log-json/log-layout.js';
import { readLogs } from '../../../../src/chain/transport/rpc/rpc-values.js';
import { simContract, transferTopic } from '../../../support/simulated-chain.js';

const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;
const sample = {
  address: simContract,
  topics: [transferTopic, word(1)],
  data: word(2),
  blockNumber: '0x64',
  blockHash: word(3),
  transactionHash: word(4),
  transactionIndex: '0x9',
  logIndex: '0xf',
  removed: false,
};
const sampleText = JSON.stringify(sample);

/** Learns from a text what stands behind it. */
function layoutOf(text: string, behind = ''): LogLayout | null {
  return LogLayout.learn(new JsonBytes(Buffer.from(text + behind)), 0, text.length);
}

/** Reads a log that stands, with something else around it, behind the sample. */
function read(log: unknown): { readonly log: unknown; readonly end: number } {
  const layout = layoutOf(sampleText, `,${JSON.stringify(log)},`) as LogLayout;
  expect(layout.read(0)).to.deep.equal(readLogs([sample])[0]);
  return { log: layout.read(sampleText.length + 1), end: layout.end };
}

describe('the layout of a log', () => {
  it('reads logs with other digits', () => {
    for (const changes of [
      { topics: [word(5), word(6), word(7), word(8)], data: '0x' },
      { address: `0x${'9'.repeat(40)}`, blockHash: word(9), transactionHash: word(10) },
      { blockNumber: '0xfffffffffffff', transactionIndex: '0x10', logIndex: '0x0' },
      { transactionIndex: '0x7fffffff', logIndex: '0x7fffffff' },
    ]) {
      const log = { ...sample, ...changes };
      const end = sampleText.length + 1 + JSON.stringify(log).length;
      expect(read(log)).to.deep.equal({ log: readLogs([log])[0], end });
    }
  });

  it('does not read what is no digit, or has too many or too few', () => {
    for (const changes of [
      { data: '0xAB' },
      { data: '0x"' },
      { blockHash: `${word(3).slice(0, -1)}g` },
      { blockHash: `${word(3)}0` },
      { transactionHash: word(4).slice(0, -1) },
      { topics: [transferTopic, `${word(1).slice(0, -1)}G`] },
      { topics: [transferTopic, word(1).slice(0, -1)] },
      { topics: [] },
      { blockNumber: '0x' },
      { blockNumber: '0x10000000000000' },
      { logIndex: '0x80000000' },
      { transactionIndex: '0xffffffff' },
      { logIndex: '0xfffffffffffff' },
      { removed: true },
      { more: 1 },
    ]) {
      expect(read({ ...sample, ...changes }).log, JSON.stringify(changes)).to.equal(null);
    }
  });

  it('does not read a log that ends too early', () => {
    for (let length = 0; length < sampleText.length; length++) {
      expect(layoutOf(sampleText, sampleText.slice(0, length))?.read(sampleText.length)).to.equal(null);
    }
  });

  it('can not be learned from a log with blanks or escapes', () => {
    expect(layoutOf(JSON.stringify(sample, null, 1))).to.equal(null);
    expect(layoutOf(sampleText.replace('"data"', '"d\\u0061ta"'))).to.equal(null);
  });
});
