import { expect } from 'chai';
import fc from 'fast-check';
import { RangeSize } from '../../../src/chain/logs/range-size.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import type { RpcErrorClass } from '../../../src/chain/transport/errors/rpc-error.js';
import { seededRandom } from '../../support/seeded-random.js';
import { playBackfill } from './simulated-backfill.js';
import type { BackfillReport, SimulatedLimits } from './simulated-backfill.js';

const all = { from: 0, to: 1_000_000 };

function refusal(kind: RpcErrorClass, more: Partial<ConstructorParameters<typeof RpcError>[1]> = {}): RpcError {
  return new RpcError('too much', { class: kind, host: 'node', ...more });
}

/** The blocks of the next request. */
function sizeOf(size: RangeSize, range = all, endpoint = 'node'): number {
  const { from, to } = size.headOf(range, endpoint);
  return to - from + 1;
}

/** Answers so many requests, each with so many logs a block. */
function answerMany(
  size: RangeSize,
  count: number,
  how: { logs?: number; ms?: number; bytes?: number; endpoint?: string },
): void {
  for (let done = 0; done < count; done++) {
    const { logs = 0, bytes = 0, endpoint = 'node', ms } = how;
    const range = size.headOf(all, endpoint);
    const blocks = range.to - range.from + 1;
    size.answered({ range, logs: logs * blocks, bytes: bytes * blocks, ms, endpoint });
  }
}

describe('the size of ranges', () => {
  it('begins with the wanted number of blocks and never leaves the range', () => {
    expect(new RangeSize(2_000).headOf({ from: 5, to: 9_999 }, 'node')).to.deep.equal({ from: 5, to: 2_004 });
    expect(new RangeSize(2_000).headOf({ from: 5, to: 9 }, 'node')).to.deep.equal({ from: 5, to: 9 });
    expect(new RangeSize(2_000).headOf({ from: 5, to: 9_999 }, 'node', 100)).to.deep.equal({ from: 5, to: 104 });
  });

  it('has the first block asked for by itself where the first answer may be long', () => {
    const size = new RangeSize(2_000);
    expect(size.firstOf({ from: 5, to: 9_999 })).to.deep.equal({ from: 5, to: 5 });
    expect(size.firstOf({ from: 5, to: 104 })).to.equal(null);
    expect(new RangeSize(100).firstOf(all)).to.equal(null);
    size.headOf(all, 'node', 1);
    expect(size.worthOf('node', all)).to.equal(2_000);
    answerMany(size, 1, {});
    expect(size.firstOf(all)).to.equal(null);
  });

  it('grows beyond it while answers are small and quick, but not without end', () => {
    const size = new RangeSize(2_000);
    answerMany(size, 3, {});
    expect(sizeOf(size)).to.equal(16_000);
    answerMany(size, 20, {});
    expect(sizeOf(size, { from: 0, to: 1e9 })).to.equal(128_000);
  });

  it('asks for some 10,000 logs, or some 4 MB', () => {
    const many = new RangeSize(2_000);
    answerMany(many, 1, { logs: 50 });
    expect(sizeOf(many)).to.equal(198);
    const long = new RangeSize(2_000);
    answerMany(long, 1, { logs: 1, bytes: 2 ** 20 });
    expect(sizeOf(long)).to.equal(4);
  });

  it('asks for less where that makes answers quicker, down to a tenth of what is wanted', () => {
    const size = new RangeSize(2_000);
    size.answered({ range: { from: 0, to: 9 }, logs: 0, endpoint: 'node', ms: 20 });
    size.answered({ range: { from: 0, to: 1_999 }, logs: 0, endpoint: 'node', ms: 5_020 });
    expect(sizeOf(size)).to.be.within(1_100, 1_300);
    answerMany(size, 30, { ms: 9_000 });
    expect(sizeOf(size)).to.be.within(200, 1_000);
  });

  it('does not ask a node for less that is as slow with few blocks as with many', () => {
    const size = new RangeSize(2_000);
    answerMany(size, 20, { ms: 9_000 });
    expect(sizeOf(size)).to.be.at.least(2_000);
  });

  describe('once refused', () => {
    it('never exceeds a cap that the endpoint has stated', () => {
      const size = new RangeSize(2_000);
      size.refused(size.headOf(all, 'node'), refusal('range-cap', { cap: 750 }));
      answerMany(size, 500, {});
      expect(sizeOf(size)).to.equal(750);
    });

    it('takes a suggestion once, and only one that shrinks', () => {
      const size = new RangeSize(2_000);
      size.refused(size.headOf(all, 'node'), refusal('density', { suggestion: { from: 0, to: 122 } }));
      expect(size.headOf(all, 'node')).to.deep.equal({ from: 0, to: 122 });
      size.refused({ from: 0, to: 122 }, refusal('density', { suggestion: { from: 0, to: 122 } }));
      expect(sizeOf(size)).to.be.lessThan(123);
      size.refused({ from: 0, to: 9 }, refusal('density', { suggestion: { from: 3, to: 4 } }));
      expect(sizeOf(size)).to.be.lessThan(10);
    });

    it('keeps a suggestion for the range that it was made for', () => {
      const size = new RangeSize(2_000);
      const [first, second] = [
        { from: 0, to: 1_999 },
        { from: 2_000, to: 3_999 },
      ];
      size.refused(first, refusal('density', { suggestion: { from: 0, to: 99 } }));
      size.refused(second, refusal('density', { suggestion: { from: 2_000, to: 2_019 } }));
      expect(size.headOf(second, 'node')).to.deep.equal({ from: 2_000, to: 2_019 });
      expect(size.headOf(first, 'node')).to.deep.equal({ from: 0, to: 99 });
    });

    it('counts the refusals of requests in flight of the same size once', () => {
      const size = new RangeSize(2_000);
      for (const from of [0, 2_000, 4_000, 6_000]) size.refused({ from, to: from + 1_999 }, refusal('range-cap'));
      expect(sizeOf(size)).to.equal(1_000);
    });

    it('shrinks further with each refusal in a row, down to one block', () => {
      const size = new RangeSize(2_000);
      const sizes = [1, 2, 3, 4].map(() => {
        size.refused(size.headOf(all, 'node'), refusal('range-cap'));
        return sizeOf(size);
      });
      expect(sizes).to.deep.equal([1_000, 250, 31, 1]);
      size.refused(size.headOf(all, 'node'), refusal('range-cap'));
      expect(sizeOf(size)).to.equal(1);
    });

    it('aims below the number of logs that the endpoint has stated', () => {
      const size = new RangeSize(2_000);
      size.refused(size.headOf(all, 'node'), refusal('density', { cap: 1_000 }));
      answerMany(size, 20, { logs: 10 });
      expect(sizeOf(size)).to.be.within(70, 80);
    });
  });

  describe('with several requests in flight', () => {
    it('tries more with one of them only', () => {
      const size = new RangeSize(1_000);
      expect(size.isProven).to.equal(false);
      size.answered({ range: size.headOf(all, 'node'), logs: 0, endpoint: 'node' });
      expect(size.isProven).to.equal(true);
      const heads = [1_000, 3_000, 4_000].map((from) => size.headOf({ from, to: all.to }, 'node'));
      expect(heads.map(({ from, to }) => to - from + 1)).to.deep.equal([2_000, 1_000, 1_000]);
      size.refused(heads[0]!, refusal('range-cap'));
      expect(sizeOf(size, { from: 1_000, to: 2_999 })).to.equal(1_000);
    });

    it('tries several where the endpoint has stated how many blocks it gives, before it has given any', () => {
      const size = new RangeSize(1_000);
      const asked = size.headOf(all, 'node');
      expect(size.isProven).to.equal(false);
      size.refused(asked, refusal('range-cap', { cap: 10 }));
      expect(size.isProven).to.equal(true);
      expect(size.givesFew).to.equal(true);
      size.headOf(all, 'node');
      expect(size.worthOf('node', all)).to.equal(10);
    });

    it('tries again where nobody tells how the last try ended', () => {
      const size = new RangeSize(1_000);
      answerMany(size, 1, {});
      expect(sizeOf(size, { from: 7, to: all.to })).to.equal(2_000);
      answerMany(size, 80, {});
      expect(sizeOf(size)).to.be.greaterThan(1_000);
    });
  });

  describe('with several endpoints', () => {
    const narrow = refusal('range-cap', { host: 'narrow', cap: 100 });

    it('asks each for as much as it gives, and plans for the one that gives most', () => {
      const size = new RangeSize(2_000, () => ['narrow', 'wide']);
      size.refused(size.headOf(all, 'narrow'), narrow);
      expect(size.planOf(all)).to.deep.equal({ from: 0, to: 1_999 });
      answerMany(size, 3, { endpoint: 'wide' });
      answerMany(size, 3, { endpoint: 'narrow#2' });
      expect(sizeOf(size, all, 'narrow')).to.equal(100);
      expect(sizeOf(size, all, 'wide')).to.equal(16_000);
      expect(size.planOf(all)).to.deep.equal({ from: 0, to: 15_999 });
    });

    it('plans for those alone that are there', () => {
      let there = ['narrow', 'wide'];
      const size = new RangeSize(2_000, () => there);
      size.refused(size.headOf(all, 'narrow'), narrow);
      answerMany(size, 1, { endpoint: 'wide' });
      there = ['narrow'];
      expect(size.planOf(all)).to.deep.equal({ from: 0, to: 99 });
    });

    it('begins with as much as another gives, but for no more than an answer should hold', () => {
      const size = new RangeSize(2_000, () => ['first', 'second']);
      answerMany(size, 3, { endpoint: 'first' });
      expect(sizeOf(size, all, 'second')).to.equal(8_000);
      answerMany(size, 1, { endpoint: 'first', logs: 50 });
      expect(sizeOf(size, all, 'third')).to.equal(198);
    });

    it('tries one that has not answered yet with one request at a time', () => {
      const size = new RangeSize(2_000, () => ['narrow', 'wide']);
      answerMany(size, 1, { endpoint: 'wide' });
      expect(size.worthOf('narrow', all)).to.equal(2_000);
      const asked = size.headOf(all, 'narrow');
      expect(size.worthOf('narrow', all)).to.equal(0);
      size.refused(asked, narrow);
      expect(size.worthOf('narrow', all)).to.equal(100);
      expect(size.worthOf('wide', all)).to.equal(2_000);
      expect(size.worthOf('wide', { from: 0, to: 9 })).to.equal(10);
    });

    it('expects of one that has refused nothing as much as of any', () => {
      const size = new RangeSize(2_000, () => ['first', 'second']);
      answerMany(size, 1, { endpoint: 'second' });
      answerMany(size, 4, { endpoint: 'first' });
      expect(sizeOf(size, all, 'second')).to.be.at.most(4_000);
      expect(size.worthOf('second', all)).to.equal(size.worthOf('first', all));
    });

    it('takes a suggestion for the endpoint alone that made it', () => {
      const size = new RangeSize(2_000);
      size.refused(size.headOf(all, 'node'), refusal('density', { suggestion: { from: 0, to: 122 } }));
      expect(sizeOf(size, all, 'other')).to.equal(2_000);
      expect(sizeOf(size)).to.be.greaterThan(1);
    });
  });
});

describe('a backfill under limits that nobody states', function () {
  this.timeout(60_000);
  const play = (limits: SimulatedLimits, last: number, seed: number, inFlight: number): BackfillReport => {
    const random = seededRandom(seed);
    return playBackfill(new RangeSize(2_000), Math.floor(last), limits, {
      inFlight,
      pick: (count) => Math.floor(random() * count),
    });
  };
  const flights = fc.constantFrom(1, 4, 16);
  const wasteOf = ({ requests, refused }: BackfillReport): number => refused / requests;
  const usualSize = ({ sizes }: BackfillReport): number =>
    [...sizes].sort((a, b) => a - b)[Math.floor(sizes.length / 2)]!;
  const someCap = fc.double({ min: 0, max: 1, noNaN: true }).map((part) => Math.floor(20_000 ** part));
  const check = (property: fc.IPropertyWithHooks<[number, number, number]>): void => {
    fc.assert(property, { numRuns: 40, seed: 20_240_115 });
  };

  it('wastes at most 5 % of its requests on a cap on blocks, and comes close to it', () => {
    check(
      fc.property(someCap, flights, fc.nat(), (cap, inFlight, seed) => {
        const report = play({ mostBlocks: () => cap }, cap * 400, seed, inFlight);
        expect(wasteOf(report)).to.be.at.most(0.05);
        expect(usualSize(report)).to.be.within(Math.floor(cap * 0.9), cap);
      }),
    );
  });

  it('does so where the refusals are sorted as something else', () => {
    for (const classOfBlocks of ['density', 'timeout', 'unknown', 'internal', 'response-too-large'] as const) {
      for (const cap of [3, 40, 700, 9_000]) {
        const report = play(
          { mostBlocks: () => cap, classOfBlocks, logsBelow: (block) => block / 50 },
          cap * 1_000,
          cap,
          4,
        );
        expect(wasteOf(report), `${classOfBlocks} ${cap}`).to.be.at.most(0.05);
        expect(usualSize(report), `${classOfBlocks} ${cap}`).to.be.within(Math.floor(cap * 0.4), cap);
      }
    }
  });

  it('wastes at most 5 % on a cap on logs, and comes close to it', () => {
    check(
      fc.property(someCap, flights, fc.nat(), (most, inFlight, seed) => {
        const perBlock = 0.01 + (seed % 500) / 100;
        const cap = Math.max(20, most, perBlock * 3);
        const blocks = Math.min(cap, 10_000) / perBlock;
        const report = play(
          { mostLogs: () => cap, logsBelow: (block) => block * perBlock },
          blocks * 400,
          seed,
          inFlight,
        );
        expect(wasteOf(report)).to.be.at.most(0.05);
        expect(usualSize(report)).to.be.within(Math.min(blocks * 0.5, 100_000), blocks);
      }),
    );
  });

  it('wastes at most 5 % where the chain becomes a thousand times denser, and sparse again', () => {
    for (const inFlight of [1, 8]) {
      const perBlock = [0.1, 100, 1, 10, 0.01];
      const report = play({ mostLogs: () => 1_000, logsBelow: stepsOf(perBlock, 20_000) }, 500_000, inFlight, inFlight);
      expect(wasteOf(report)).to.be.at.most(0.05);
      expect(report.requests).to.be.lessThan((1.8 * (500_000 * 22.222)) / 1_000);
    }
  });

  it('finds out, at little cost, that a cap has risen', () => {
    const rising = play({ mostBlocks: (request) => (request < 500 ? 137 : 5_000) }, 2_000_000, 1, 4);
    expect(wasteOf(rising)).to.be.at.most(0.04);
    expect(usualSize({ ...rising, sizes: rising.sizes.slice(-100) })).to.be.greaterThan(4_000);
    const logs = play(
      { mostLogs: (request) => (request < 500 ? 100 : 9_000), logsBelow: (block) => block },
      2_000_000,
      2,
      4,
    );
    expect(wasteOf(logs)).to.be.at.most(0.04);
    expect(usualSize({ ...logs, sizes: logs.sizes.slice(-100) })).to.be.greaterThan(4_000);
  });
});

/** The logs below a block, where stretches of so many blocks hold `perBlock` logs each, in turn. */
function stepsOf(perBlock: readonly number[], stretch: number): (block: number) => number {
  const starts = [0];
  for (let index = 0; index < 100; index++) starts.push(starts[index]! + stretch * perBlock[index % perBlock.length]!);
  return (block) => {
    const index = Math.floor(block / stretch);
    return starts[index]! + (block % stretch) * perBlock[index % perBlock.length]!;
  };
}
