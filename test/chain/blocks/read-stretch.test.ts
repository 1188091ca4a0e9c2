import { expect } from 'chai';
import type { ChainView } from '../../../src/chain/blocks/chain-view.js';
import { NodeLagsError } from '../../../src/chain/blocks/consistency.js';
import type { Hearing } from '../../../src/chain/blocks/hearing.js';
import type { ChainHead } from '../../../src/chain/blocks/head-reader.js';
import { readRangeOf } from '../../../src/chain/blocks/read-range.js';
import type { ReadRange } from '../../../src/chain/blocks/read-range.js';
import { ReadStretch } from '../../../src/chain/blocks/read-stretch.js';
import { ReorgTooDeepError } from '../../../src/chain/blocks/reorg.js';
import type { Checkpoint } from '../../../src/model/checkpoint.js';
import type { EventBatch } from '../../../src/model/batch.js';
import type { BlockHeader, BlockRef } from '../../../src/model/block.js';
import { rejectionOf } from '../../support/rejection.js';

const signal = new AbortController().signal;

function block(number: number): BlockRef {
  return { number, hash: `0x${number}` };
}

/** A range that ends with a block, and how often another node might have come before and after it was read. */
function range(number: number, since: number, until = since): ReadRange {
  return { last: block(number), doubts: { since, until } };
}

describe('a look whether the chain was begun anew below what was read', () => {
  let doubts: number;
  /** The hashes of blocks that are not as they were read; null: the block is not there. */
  let others: Map<number, string | null>;
  let asked: (readonly number[])[];
  let answering: () => void;
  let stretch: ReadStretch;

  beforeEach(() => {
    [doubts, asked] = [0, []];
    others = new Map();
    answering = () => undefined;
    const headerOf = (number: number): BlockHeader | null => {
      const hash = others.has(number) ? others.get(number) : block(number).hash;
      return hash === null ? null : ({ number, hash } as BlockHeader);
    };
    const chain = {
      get doubts() {
        return doubts;
      },
      header: (number: number) => Promise.resolve(headerOf(number)),
      headers: (numbers: readonly number[]) => {
        asked.push(numbers);
        const headers = numbers.map(headerOf);
        answering();
        return Promise.resolve(headers);
      },
    } as unknown as ChainView;
    stretch = ReadStretch.begin({ chain, storedBlock: () => Promise.resolve(null) }, 1);
  });

  it('asks for nothing where no other node may have come between the ranges', async () => {
    await stretch.learnFloor(signal);
    doubts = 2;
    expect(await stretch.isBegunAnew(null, [range(10, 0), range(20, 0)], null, signal)).to.equal(false);
    expect(await stretch.isBegunAnew(block(20), [range(30, 0)], range(20, 0), signal)).to.equal(false);
    expect(asked).to.deep.equal([]);
  });

  it('asks for both blocks at each border of ranges between which another node may have come, and for the one in front', async () => {
    doubts = 7;
    const ranges = [range(20, 1), range(30, 2), range(40, 2), range(50, 2), range(60, 3)];
    expect(await stretch.isBegunAnew(block(9), ranges, range(10, 1), signal)).to.equal(false);
    expect(asked).to.deep.equal([[9, 20, 30, 50, 60]]);
  });

  it('asks for those at both ends of a range in the reading of which another node may have come', async () => {
    doubts = 2;
    await stretch.isBegunAnew(block(10), [range(20, 1), range(30, 1, 2), range(40, 2)], range(10, 1), signal);
    await stretch.isBegunAnew(block(40), [range(50, 1, 2), range(60, 1, 2)], range(40, 1, 2), signal);
    expect(asked).to.deep.equal([
      [10, 20, 30, 40],
      [40, 50, 60],
    ]);
  });

  it('tells that the chain was begun anew where the block in front is another one', async () => {
    doubts = 1;
    others.set(20, '0xb');
    expect(await stretch.isBegunAnew(block(20), [range(30, 1)], range(20, 0), signal)).to.equal(true);
  });

  it('tells so once of the block below the first one, behind which all is read anew', async () => {
    await stretch.learnFloor(signal);
    doubts = 1;
    others.set(0, '0xb');
    const look = (): Promise<boolean> => stretch.isBegunAnew(null, [range(10, 1)], null, signal);
    expect([await look(), await look()]).to.deep.equal([true, false]);
  });

  it('has the last block that was taken over looked for again, though it was settled, where it is another one', async () => {
    const [latest, taken] = [block(90) as BlockHeader, block(20)];
    const head = { latest, finalized: 90 } as ChainHead;
    const batch = { toBlock: taken.number, toHash: taken.hash, recentBlocks: [], finalizedBlock: 90 };
    stretch.advance(batch as unknown as EventBatch, head);
    others.set(20, '0xb');
    expect(await stretch.findReplaced(head, false, signal)).to.equal(undefined);
    doubts = 1;
    expect(await stretch.isBegunAnew(null, [range(30, 1)], null, signal)).to.equal(true);
    expect(await stretch.findReplaced(head, false, signal)).to.deep.equal(taken);
  });

  it('throws where the chain has the block in front, but not one of the others', async () => {
    doubts = 1;
    for (const number of [30, 40]) {
      others = new Map([[number, '0xb']]);
      const look = stretch.isBegunAnew(block(20), [range(30, 0), range(40, 1)], range(20, 0), signal);
      expect((await rejectionOf(look, NodeLagsError)).message).to.contain(`block ${number} `);
    }
  });

  it('asks for nothing where a range tells that it follows the one before, and for both where it tells that it does not', async () => {
    doubts = 2;
    const follows = [20, 30].map((number) => ({ ...range(number, 1, 2), parentHash: block(number - 10).hash }));
    expect(await stretch.isBegunAnew(block(10), follows, range(10, 0), signal)).to.equal(false);
    expect(asked).to.deep.equal([]);
    const strange = { ...range(20, 0), parentHash: '0xb' };
    others.set(10, '0xb');
    expect(await stretch.isBegunAnew(block(10), [strange], range(10, 0), signal)).to.equal(true);
    expect(asked).to.deep.equal([[10, 20]]);
  });

  it('goes by the header of a single block for what it follows', async () => {
    const last = { ...block(20), parentHash: block(19).hash } as BlockHeader;
    const single = readRangeOf({ from: 20, last, doubts: { since: 1, until: 2 } });
    expect(await stretch.isBegunAnew(block(19), [single], range(19, 0), signal)).to.equal(false);
    expect(asked).to.deep.equal([]);
  });

  it('asks for the block below the first one once where nothing came since, and again where another node may have', async () => {
    await stretch.learnFloor(signal);
    const look = (since: number): Promise<boolean> => stretch.isBegunAnew(null, [range(10, since)], null, signal);
    doubts = 1;
    expect([await look(1), await look(1)]).to.deep.equal([false, false]);
    expect(asked).to.deep.equal([[0, 10]]);
    doubts = 2;
    answering = () => (doubts = 3);
    expect([await look(2), await look(2)]).to.deep.equal([false, false]);
    expect(asked).to.have.length(3);
    expect(await look(3)).to.equal(false);
    expect(asked).to.have.length(3);
    doubts = 4;
    others.set(0, '0xb');
    expect(await look(4)).to.equal(true);
  });

  it('learns nothing of what has been taken over from a look at what was read ahead of it', async () => {
    await stretch.learnFloor(signal);
    doubts = 1;
    await stretch.isBegunAnew(block(10), [range(20, 1)], range(10, 0), signal);
    await stretch.isBegunAnew(null, [range(10, 1)], null, signal);
    expect(asked).to.deep.equal([
      [10, 20],
      [0, 10],
    ]);
  });

  it('takes ranges of which nobody knows for read at that moment', async () => {
    await stretch.learnFloor(signal);
    const unknown = [{ last: block(10) }, { last: block(20) }];
    expect(await stretch.isBegunAnew(null, unknown, null, signal)).to.equal(false);
    expect(asked).to.deep.equal([]);
    doubts = 1;
    expect(await stretch.isBegunAnew(null, unknown, null, signal)).to.equal(false);
    expect(asked).to.deep.equal([[0, 10]]);
  });

  it('asks again for what a node that lags may not have, and throws where it stays away', async () => {
    doubts = 1;
    others.set(30, null);
    answering = () => asked.length === 2 && others.clear();
    const look = (): Promise<boolean> => stretch.isBegunAnew(block(20), [range(30, 1)], range(20, 0), signal);
    expect(await look()).to.equal(false);
    expect(asked).to.deep.equal([[20, 30], [30], [30]]);
    others.set(30, null);
    await rejectionOf(look(), NodeLagsError);
  });
});

describe('how far back a chain was reorganised', () => {
  const ancestorWith = (headers: (number: number, asked: number) => BlockHeader | null): Promise<BlockRef> => {
    let asked = 0;
    const header = (number: number): Promise<BlockHeader | null> => Promise.resolve(headers(number, ++asked));
    const chain = { doubts: 0, header } as unknown as ChainView;
    const checkpoint = { blockNumber: 20, blockHash: block(20).hash, startBlock: 1 } as Checkpoint;
    const recent = Array.from({ length: 10 }, (_none, at) => block(10 + at));
    const stretch = ReadStretch.resume({ chain, storedBlock: () => Promise.resolve(null) }, checkpoint, recent);
    return stretch.ancestorBelow(block(20), signal);
  };
  const same = (number: number): BlockHeader => block(number) as BlockHeader;

  it('is not further because every other answer comes from a node that lags', async () => {
    const lagging = (number: number, asked: number): BlockHeader | null =>
      number > 14 && asked % 2 === 1 ? null : same(number);
    expect(await ancestorWith(lagging)).to.deep.equal(block(19));
  });

  it('is not known where the node does not show a block below one that it has', async () => {
    await rejectionOf(
      ancestorWith((number) => (number > 14 ? null : same(number))),
      NodeLagsError,
    );
  });
});

describe('a block that was replaced below all that is remembered', () => {
  const askWho = (hearing: Partial<Hearing>): Promise<Error> => {
    const chain = {
      doubts: 0,
      header: (number: number) => Promise.resolve({ number, hash: '0xb' } as BlockHeader),
      whoHas: () => Promise.resolve({ have: [], lack: [], silent: [], ...hearing }),
    } as unknown as ChainView;
    const checkpoint = { blockNumber: 20, blockHash: block(20).hash, startBlock: 1 } as Checkpoint;
    const stretch = ReadStretch.resume({ chain, storedBlock: () => Promise.resolve(null) }, checkpoint, [block(19)]);
    return rejectionOf(stretch.ancestorBelow(block(20), signal), Error);
  };

  it('is known to be where all that answer say so', async () => {
    const error = await askWho({ lack: ['a', 'b'] });
    expect(error).to.be.instanceOf(ReorgTooDeepError).and.to.include({ isUnsure: false });
    expect(error.message).to.match(/; a, b say so$/);
    expect(await askWho({ lack: ['a'], silent: ['b'] })).to.include({ isUnsure: true });
  });

  it('is not known to be where one still has it, or nobody tells', async () => {
    for (const [hearing, words] of [
      [{ have: ['a'], lack: ['b', 'c'] }, 'the endpoints disagree: a has block 20 (0x20), b, c have another one'],
      [{ have: ['a'] }, 'block 20 is there after all'],
      [{ silent: ['a'] }, 'block 20 is not there'],
    ] as const) {
      expect(await askWho(hearing))
        .to.be.instanceOf(NodeLagsError)
        .and.to.include({ message: words });
    }
  });
});
