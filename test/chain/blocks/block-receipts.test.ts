import { expect } from 'chai';
import { checkBlockLogs, readReceiptLogs } from '../../../src/chain/blocks/block-receipts.js';
import { Inconsistency } from '../../../src/chain/blocks/consistency.js';
import { MalformedValue, readLogs } from '../../../src/chain/transport/rpc/rpc-values.js';
import { readHeader } from '../../../src/chain/blocks/read-header.js';
import type { BlockHeader } from '../../../src/model/block.js';
import type { RawLog } from '../../../src/model/event.js';
import { makeBlock, toHex } from '../../support/simulated-chain.js';

const block = makeBlock(undefined, 'receipts', [{}, {}, {}, {}]);
const logs = readLogs(block.logs);
const header = readHeader({ ...block, number: toHex(block.number), timestamp: toHex(block.timestamp) })!;

function check(held: readonly RawLog[], of: Partial<BlockHeader> = {}): () => void {
  return () => checkBlockLogs(held, { ...header, ...of });
}

describe('the receipts of a block', () => {
  it('give the logs of all transactions', () => {
    const receipts = [{ logs: block.logs.slice(0, 2) }, { logs: [] }, { logs: block.logs.slice(2) }];
    expect(readReceiptLogs(receipts)).to.deep.equal(logs);
  });

  it('are refused where they are none', () => {
    for (const value of [null, {}, [null], [{}], [{ logs: null }]]) {
      expect(() => readReceiptLogs(value)).to.throw(MalformedValue);
    }
  });

  it('fit their block', () => {
    expect(check(logs)).to.not.throw();
  });

  it('are not believed with a gap, without their end, or with a log of another block', () => {
    expect(check(logs.filter((log) => log.logIndex !== 1))).to.throw(Inconsistency, 'lack logs');
    expect(check(logs.slice(0, -1))).to.throw(Inconsistency, 'bloom filter');
    expect(check([])).to.throw(Inconsistency, 'bloom filter');
    expect(check(logs, { hash: `0x${'11'.repeat(32)}` })).to.throw(Inconsistency, 'another block');
  });

  it('are not judged by a bloom filter that says nothing', () => {
    for (const logsBloom of [undefined, `0x${'0'.repeat(512)}`, `0x${'f'.repeat(512)}`]) {
      expect(check(logs.slice(0, -1), { logsBloom })).to.not.throw();
    }
  });

  it('may number the logs of each transaction anew', () => {
    const anew = logs.map((log) => ({ ...log, logIndex: log.logIndex % 2 }));
    expect(check(anew)).to.not.throw();
  });
});
