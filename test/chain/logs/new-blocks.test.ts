import { expect } from 'chai';
import { logsBloomOf } from '../../../src/chain/blocks/bloom.js';
import { Proofs } from '../../../src/chain/blocks/proofs.js';
import type { ChainClient } from '../../../src/chain/blocks/chain-client.js';
import { NewBlocks } from '../../../src/chain/logs/new-blocks.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import type { BlockHeader } from '../../../src/model/block.js';
import type { RawLog } from '../../../src/model/event.js';
import { quietCall } from '../../../src/runtime/call.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { transferTopic } from '../../support/simulated-chain.js';
import { rawLog } from '../abi/log-fixtures.js';

const signal = new AbortController().signal;
const header = (number: number): BlockHeader => ({
  number,
  hash: hashOf(number),
  parentHash: hashOf(number - 1),
  timestamp: 1_000 + number,
  logsBloom: undefined,
});
const log = (blockNumber: number, fields: Partial<RawLog> = {}): RawLog => ({
  ...rawLog([transferTopic]),
  blockNumber,
  blockHash: hashOf(blockNumber),
  ...fields,
});

function hashOf(number: number): string {
  return `0x${number.toString(16).padStart(64, '0')}`;
}

describe('new blocks whose headers are known', () => {
  /** Fetches blocks 7 and 8 from a node that answers so. */
  const fetch = (
    logsOfBlocks: () => Promise<RawLog[]>,
    blocks = [header(7), header(8)],
  ): ReturnType<NewBlocks['fetch']> => {
    const chain = {
      ask: logsOfBlocks,
      endpoints: [],
      proofs: new Proofs(31_337),
      addressCap: { most: 1_000 },
    } as unknown as ChainClient;
    const filter = { addresses: null, topics: [transferTopic] };
    const newBlocks = new NewBlocks({ chain, filter, clock: new HastyClock(), logger: silentLogger, doubts: false });
    return newBlocks.fetch(blocks, quietCall(signal));
  };

  it('are taken with the logs that a node gives for their hashes', async () => {
    const fetched = await fetch(() => Promise.resolve([log(8), log(7)]));
    expect(fetched?.logs.map(({ blockNumber }) => blockNumber)).to.deep.equal([7, 8]);
    expect(fetched?.timestamps.get(8)).to.equal(1_008);
  });

  it('are read with more patience where a log stands in another block of that number', async () => {
    expect(await fetch(() => Promise.resolve([log(7, { blockHash: hashOf(99) })]))).to.equal(null);
  });

  it('are read with more patience where a log was taken back, or was not asked for', async () => {
    expect(await fetch(() => Promise.resolve([log(7, { removed: true })]))).to.equal(null);
    expect(await fetch(() => Promise.resolve([log(9)]))).to.equal(null);
    expect(await fetch(() => Promise.resolve([log(7, { topics: [hashOf(1)] })]))).to.equal(null);
  });

  it('are read with more patience where a bloom filter tells of logs that did not come', async () => {
    const logsBloom = logsBloomOf([log(8)]);
    const blocks = [header(7), { ...header(8), logsBloom }];
    expect(await fetch(() => Promise.resolve([log(7)]), blocks)).to.equal(null);
    expect(await fetch(() => Promise.resolve([log(7), log(8)]), blocks)).not.to.equal(null);
  });

  it('are read with more patience where the node has not got them yet', async () => {
    const lag = new RpcError('unknown block', { class: 'lag', host: 'node' });
    expect(await fetch(() => Promise.reject(lag))).to.equal(null);
  });
});
