import { expect } from 'chai';
import { BlockRhythm } from '../../../src/chain/blocks/block-rhythm.js';
import type { BlockHeader } from '../../../src/model/block.js';

function header(number: number, seconds: number): BlockHeader {
  return {
    number,
    hash: `0x${number}`,
    parentHash: `0x${number - 1}`,
    timestamp: Math.floor(seconds),
    logsBloom: undefined,
  };
}

interface Followed {
  /** How long after its appearance each block was found, in milliseconds. */
  readonly delays: readonly number[];
  readonly looks: number;
}

/** Looks for blocks that appear at the given seconds as the rhythm says, for the last `counted` of them. */
function follow(times: readonly number[], pollMs: number, counted: number): Followed {
  const rhythm = new BlockRhythm();
  const delays: number[] = [];
  let [lookedAt, head, looks] = [0, -1, 0];
  while (head < times.length - 1) {
    const at = rhythm.nextLook(lookedAt, pollMs);
    expect(at).to.be.greaterThan(lookedAt);
    const newest = times.findLastIndex((seconds) => seconds * 1_000 <= at);
    const isCounted = newest >= times.length - counted;
    if (isCounted) looks++;
    if (newest > head) {
      rhythm.found(header(newest, times[newest] ?? 0), at, lookedAt);
      head = newest;
      if (isCounted) delays.push(at - (times[newest] ?? 0) * 1_000);
    }
    lookedAt = at;
  }
  return { delays, looks };
}

const evenly = (count: number, seconds: number): number[] =>
  Array.from({ length: count }, (_, n) => 100.3 + n * seconds);

/** A random number that is the same in each run. */
function seeded(): () => number {
  let state = 7;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe('the rhythm of blocks', () => {
  it('asks every poll interval while it knows nothing', () => {
    const rhythm = new BlockRhythm();
    expect(rhythm.nextLook(5_000, 700)).to.equal(5_700);
    expect(rhythm.intervalMs).to.equal(null);
  });

  it('finds blocks that come every second soon after they appear, with little more than a look each', () => {
    const { delays, looks } = follow(evenly(120, 1.002), 1_000, 60);
    expect(Math.max(...delays)).to.be.lessThan(150);
    expect(looks).to.be.lessThan(90);
  });

  it('finds blocks that come every twelve seconds soon after they appear, with little more than a look each second', () => {
    const { delays, looks } = follow(evenly(80, 12), 1_000, 40);
    expect(Math.max(...delays)).to.be.lessThan(1_000);
    expect(delays.reduce((sum, delay) => sum + delay, 0) / delays.length).to.be.lessThan(300);
    expect(looks / 40).to.be.lessThan(14);
  });

  it('finds a block behind empty slots within a poll interval', () => {
    const times = evenly(200, 12).filter((_, slot) => slot % 9 !== 5 && slot % 9 !== 6);
    const { delays } = follow(times, 1_000, 100);
    expect(Math.max(...delays)).to.be.lessThan(1_000);
  });

  it('finds blocks that tremble around their time', () => {
    const random = seeded();
    const times = evenly(200, 2).map((seconds) => seconds + random() * 0.4);
    const { delays, looks } = follow(times, 1_000, 100);
    expect(Math.max(...delays)).to.be.lessThan(1_000);
    expect(looks / 100).to.be.lessThan(4);
  });

  it('asks every poll interval where blocks come at random', () => {
    const random = seeded();
    let now = 100;
    const times = Array.from({ length: 300 }, () => (now -= Math.log(1 - random()) * 13));
    const { delays } = follow(times, 1_000, 250);
    expect(Math.max(...delays)).to.be.at.most(1_000);
  });

  it('asks no more often than every poll interval where blocks come faster', () => {
    const { delays, looks } = follow(evenly(400, 0.25), 1_000, 200);
    expect(Math.max(...delays)).to.be.at.most(1_000);
    expect(looks).to.be.at.most(52);
  });

  it('finds the rhythm again after blocks were skipped and after it has shifted', () => {
    const times = [...evenly(60, 12), ...evenly(60, 12).map((seconds) => seconds + 60 * 12 + 5)];
    const { delays } = follow(times, 1_000, 40);
    expect(Math.max(...delays)).to.be.lessThan(1_000);
  });

  it('never lets more than the poll interval pass without a look, whatever the times of blocks say', () => {
    const rhythm = new BlockRhythm();
    // Blocks that come four times a second, of which each claims to be twelve seconds younger than its parent.
    for (let n = 0; n < 40; n++) {
      rhythm.found(header(n, n * 12), n * 250, n * 250 - 100);
      for (const pollMs of [100, 1_000, 10_000]) {
        expect(rhythm.nextLook(n * 250, pollMs)).to.be.within(n * 250 + 1, n * 250 + pollMs);
      }
    }
  });

  it('knows the mean of short intervals and the median of long ones', () => {
    const short = new BlockRhythm();
    for (let n = 0; n < 20; n++) short.found(header(n, n * 0.25), n, n);
    expect(short.intervalMs).to.be.within(200, 260);
    const long = new BlockRhythm();
    for (const [n, slot] of [0, 1, 2, 4, 5, 6, 8, 9].entries()) long.found(header(n, slot * 12), n, n);
    expect(long.intervalMs).to.equal(12_000);
  });
});
