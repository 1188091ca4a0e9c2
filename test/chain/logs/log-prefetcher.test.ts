import { expect } from 'chai';
import { getEventListeners } from 'node:events';
import { NodeLagsError } from '../../../src/chain/blocks/consistency.js';
import { LogPrefetcher } from '../../../src/chain/logs/log-prefetcher.js';
import type { FetchedRange } from '../../../src/chain/blocks/range-reader.js';
import { settle } from '../../support/fake-clock.js';
import { seededRandom } from '../../support/seeded-random.js';
import { PlayedRanges } from './played-ranges.js';
import { rejectionOf } from '../../support/rejection.js';

const signal = new AbortController().signal;

describe('reading ranges ahead', () => {
  let source: PlayedRanges;

  beforeEach(() => {
    source = new PlayedRanges();
  });

  const open = (limits: { maxBytes?: number; maxRanges?: number } = {}): LogPrefetcher =>
    new LogPrefetcher({ source, moved: () => Promise.resolve(), ...limits });
  /** Opens one whose endpoints take so many requests at a time, and takes its first range. */
  const openWithRoom = async (room: number): Promise<LogPrefetcher> => {
    source.room = room;
    const ahead = open();
    const first = ahead.next({ from: 1, to: 1_000 }, signal);
    await source.answer(1);
    await first;
    return ahead;
  };

  it('asks for several at a time and gives them out in their order, whatever order they come in', async () => {
    const ahead = open({ maxRanges: 3 });
    const first = ahead.next({ from: 1, to: 100 }, signal);
    expect(source.inFlight).to.deep.equal([1]);
    await source.answer(1);
    expect(await first).to.include({ from: 1, to: 10 });
    expect(source.inFlight).to.deep.equal([11, 21, 31]);
    await source.answer(31);
    await source.answer(21);
    expect(ahead.isReady).to.equal(false);
    await source.answer(11);
    expect(ahead.isReady).to.equal(true);
    const given = [];
    for (let from = 11; from < 41; from += 10) given.push((await ahead.next({ from, to: 100 }, signal)).to);
    expect(given).to.deep.equal([20, 30, 40]);
  });

  it('asks for one alone until it is known what the node takes', async () => {
    source.isProven = false;
    const ahead = open({ maxRanges: 6 });
    const first = ahead.next({ from: 1, to: 100 }, signal);
    await source.answer(1);
    await first;
    expect(source.inFlight).to.deep.equal([11]);
    source.isProven = true;
    const second = ahead.next({ from: 11, to: 100 }, signal);
    expect(source.inFlight).to.deep.equal([11, 21, 31, 41, 51, 61]);
    await source.answer(11);
    await second;
  });

  it('asks for the first block by itself beside what follows it, once, and learns nothing of it', async () => {
    source.isProven = false;
    source.first = 1;
    const ahead = open({ maxRanges: 6 });
    const first = ahead.next({ from: 1, to: 100 }, signal);
    expect(source.asked).to.deep.equal(['1-1', '2-11']);
    await source.answer(1, 1_000_000);
    expect(await first).to.include({ from: 1, to: 1 });
    expect(source.asked).to.have.length(2);
    source.isProven = true;
    const second = ahead.next({ from: 2, to: 100 }, signal);
    expect(source.asked).to.have.length(2);
    await source.answer(2);
    await second;
    expect(source.inFlight).to.deep.equal([12, 22, 32, 42, 52, 62]);
    ahead.drop();
    void ahead.next({ from: 1, to: 100 }, signal).catch(() => undefined);
    expect(source.asked.at(8)).to.equal('1-10');
  });

  it('does not ask for the first block by itself again, once what was read is given up', () => {
    source.isProven = false;
    source.first = 1;
    const ahead = open({ maxRanges: 6 });
    for (let begun = 0; begun < 2; begun++) {
      void ahead.next({ from: 1, to: 100 }, signal).catch(() => undefined);
      ahead.drop();
    }
    void ahead.next({ from: 1, to: 100 }, signal).catch(() => undefined);
    expect(source.asked).to.deep.equal(['1-1', '2-11', '1-10', '1-10']);
  });

  it('asks for several before the first answer where each is for few blocks', () => {
    source.isProven = false;
    source.givesFew = true;
    const ahead = open({ maxRanges: 3 });
    void ahead.next({ from: 1, to: 100 }, signal).catch(() => undefined);
    expect(source.inFlight).to.deep.equal([1]);
    source.isProven = true;
    void ahead.next({ from: 1, to: 100 }, signal).catch(() => undefined);
    expect(source.inFlight).to.deep.equal([1, 11, 21]);
    ahead.drop();
    expect(source.inFlight).to.deep.equal([]);
  });

  it('listens to nobody for ranges that have come', async () => {
    const run = new AbortController();
    const ahead = open({ maxRanges: 3 });
    const first = ahead.next({ from: 1, to: 30 }, run.signal);
    await source.answer(1);
    await first;
    expect(getEventListeners(run.signal, 'abort')).to.have.length(2);
    await source.answer(11);
    await source.answer(21);
    expect(getEventListeners(run.signal, 'abort')).to.deep.equal([]);
  });

  it('holds no more than so many bytes beside the range that is waited for', async () => {
    const random = seededRandom(7);
    const maxBytes = 100;
    const ahead = open({ maxBytes, maxRanges: 50 });
    source.bytesPerBlock = 2;
    let taken = 0;
    let most = 0;
    const held = (): number => 2 * (source.asked.reduce((sum, text) => sum + blocksOf(text), 0) - taken);
    for (let from = 1; from <= 2_000;) {
      source.size = 1 + Math.floor(random() * 15);
      const next = ahead.next({ from, to: 2_000 }, signal);
      while (source.inFlight.length > 0 && !ahead.isReady) {
        most = Math.max(most, held() - 2 * blocksOf(source.asked.find((text) => text.startsWith(`${from}-`)) ?? ''));
        await source.answer(source.inFlight[Math.floor(random() * source.inFlight.length)] ?? 0);
      }
      const { to } = await next;
      taken += to - from + 1;
      from = to + 1;
    }
    expect(most).to.be.within(maxBytes - 30, maxBytes);
  });

  it('asks for a quarter more than many endpoints take, for some wait for something else', async () => {
    await openWithRoom(40);
    expect(source.inFlight.length).to.equal(52);
  });

  it('asks for a few more than endpoints take at a time, not counting those whose logs have come', async () => {
    const ahead = await openWithRoom(3);
    expect(source.inFlight).to.deep.equal([11, 21, 31, 41, 51]);
    await source.tellLogs(21);
    expect(source.inFlight).to.deep.equal([11, 21, 31, 41, 51]);
    const second = ahead.next({ from: 11, to: 1_000 }, signal);
    await source.tellLogs(31);
    expect(source.inFlight).to.deep.equal([11, 21, 31, 41, 51, 61, 71]);
    await source.answer(11);
    await second;
  });

  it('asks for others as soon as it is known how long the first answer was, whatever else that needs', async () => {
    void open().next({ from: 1, to: 50 }, signal);
    expect(source.inFlight).to.deep.equal([1]);
    await source.tellLogs(1, 10);
    expect(source.inFlight).to.deep.equal([1, 11, 21, 31, 41]);
  });

  it('counts those that have left, and wait to be asked again, only once they are twice as many as endpoints take', async () => {
    source.asksLate = true;
    source.room = 4;
    void open().next({ from: 1, to: 1_000 }, signal);
    source.pending[0]!.begin(10);
    await source.tellLogs(1, 10);
    const asked = (): number => source.pending.length - 1;
    expect(asked()).to.equal(3);
    for (let leaves = 1; leaves <= 20; leaves++) {
      source.pending[leaves]?.begin(10);
      await settle();
    }
    expect(asked()).to.equal(2 * 4 + 3);
  });

  it('reads on while whoever comes has to wait for something else, and holds up to twice as much meanwhile', async () => {
    const ahead = open({ maxRanges: 100 });
    source.room = 1_000;
    const first = ahead.next({ from: 1, to: 10_000 }, signal);
    await source.answer(1);
    await first;
    let goOn = (): void => undefined;
    const over = ahead.readOnUntil(new Promise<void>((resolve) => (goOn = resolve)));
    for (let from = 11; from <= 641; from += 10) await source.answer(from);
    expect(source.asked).to.have.length(1 + 200);
    goOn();
    await over;
    await source.answer(651);
    expect(source.asked).to.have.length(1 + 200);
  });

  it('takes no range whose first block is not the child of the one before, and reads all behind that anew', async () => {
    const ahead = open({ maxRanges: 3 });
    source.size = 1;
    source.strange = 3;
    const first = ahead.next({ from: 1, to: 9 }, signal);
    await source.answer(1);
    await first;
    for (const block of [2, 3, 4]) await source.answer(block);
    await ahead.next({ from: 2, to: 9 }, signal);
    expect(await rejectionOf(ahead.next({ from: 3, to: 9 }, signal), NodeLagsError)).to.have.property(
      'message',
      'block 3 is not the child of block 2, which was told before',
    );
    expect(source.unlinkedRanges).to.equal(1);
    source.strange = undefined;
    const again = ahead.next({ from: 3, to: 9 }, signal);
    await source.answer(3);
    expect(await again).to.include({ from: 3, to: 3 });
  });

  it('asks for nothing more while nobody comes for what is there', async () => {
    const ahead = open({ maxRanges: 2 });
    const first = ahead.next({ from: 1, to: 1_000 }, signal);
    await source.answer(1);
    await first;
    await source.answer(11);
    await source.answer(21);
    expect(source.asked).to.have.length(3);
    expect((await ahead.next({ from: 11, to: 1_000 }, signal)).to).to.equal(20);
    expect(source.inFlight).to.deep.equal([31]);
  });

  it('asks for few where answers lie and wait, and for more again as soon as they are waited for', async () => {
    const ahead = open({ maxRanges: 6 });
    const take = async (from: number): Promise<void> => {
      const next = ahead.next({ from, to: 10_000 }, signal);
      if (source.inFlight.includes(from)) await source.answer(from);
      await next;
    };
    await take(1);
    expect(source.inFlight).to.have.length(6);
    let from = 11;
    for (; from <= 191; from += 10) {
      for (const asked of source.inFlight) await source.answer(asked);
      await take(from);
    }
    expect(source.inFlight, 'one at hand, and one on its way').to.deep.equal([from + 10]);
    await source.answer(from + 10);
    await take(from);
    await take(from + 10);
    await take(from + 20);
    expect(source.inFlight.length).to.equal(4);
    await take(from + 30);
    expect(source.inFlight.length).to.equal(6);
  });

  it('asks on while what lies there is taken at once', async () => {
    const ahead = open({ maxRanges: 40 });
    const first = ahead.next({ from: 1, to: 10_000 }, signal);
    await source.answer(1);
    await first;
    for (const from of source.inFlight) await source.answer(from);
    for (let taken = 0, from = 11; taken < 40; taken++, from += 10) await ahead.next({ from, to: 10_000 }, signal);
    expect(source.inFlight.length).to.be.within(35, 40);
  });

  it('keeps some there for each that is on its way', async () => {
    const ahead = open({ maxRanges: 40 });
    const first = ahead.next({ from: 1, to: 10_000 }, signal);
    await source.answer(1);
    await first;
    for (const from of source.inFlight) await source.answer(from);
    // Each takes as long as four are taken.
    for (let from = 11; from <= 3_000; from += 10) {
      await ahead.next({ from, to: 10_000 }, signal);
      if (source.inFlight.length > 4) await source.answer(source.inFlight[0] ?? 0);
    }
    expect(source.asked.length - 300).to.be.within(18, 24);
  });

  for (const limit of ['maxRanges', 'maxBytes'] as const)
    it(`holds up to twice as much while many wait for one that is late (${limit})`, async () => {
      // A range has ten bytes.
      source.room = 1_000;
      const ahead = open(limit === 'maxRanges' ? { maxRanges: 100 } : { maxBytes: 1_000 });
      const first = ahead.next({ from: 1, to: 10_000 }, signal);
      await source.answer(1);
      await first;
      const late = ahead.next({ from: 11, to: 10_000 }, signal);
      const answerUpTo = async (count: number): Promise<void> => {
        while (source.asked.length - source.inFlight.length < count) await source.answer(source.inFlight[1] ?? 0);
      };
      await answerUpTo(64);
      expect(source.asked.length - 1).to.equal(100);
      await answerUpTo(65);
      expect(source.asked.length - 1).to.equal(200);
      await source.answer(11);
      await late;
    });

  it('asks for more behind one that is late, the more of those have come', async () => {
    const ahead = open({ maxRanges: 40 });
    const take = async (from: number): Promise<void> => {
      for (const asked of source.inFlight) await source.answer(asked);
      await ahead.next({ from, to: 100_000 }, signal);
    };
    const first = ahead.next({ from: 1, to: 100_000 }, signal);
    await source.answer(1);
    await first;
    let from = 11;
    for (; from <= 2_001; from += 10) await take(from);
    expect(source.inFlight).to.have.length(1);
    await source.answer(source.inFlight[0] ?? 0);
    for (let taken = 0; taken < 2; taken++, from += 10) await ahead.next({ from, to: 100_000 }, signal);
    const late = ahead.next({ from, to: 100_000 }, signal);
    for (let answers = 0; answers < 10; answers++) await source.answer(source.inFlight[1] ?? 0);
    expect(source.inFlight.length).to.be.greaterThan(2);
    await source.answer(from);
    await late;
  });

  it('asks for what an answer left out before anything behind it', async () => {
    const ahead = open({ maxRanges: 2 });
    const first = ahead.next({ from: 1, to: 1_000 }, signal);
    await source.answer(1, 4, 4);
    expect(await first).to.include({ from: 1, to: 4 });
    expect(source.asked).to.deep.equal(['1-10', '5-14', '15-24']);
    source.size = 4;
    const second = ahead.next({ from: 5, to: 1_000 }, signal);
    await source.answer(5, 4, 8);
    await second;
    expect(source.asked.slice(3)).to.deep.equal(['9-12']);
    await source.answer(9);
    expect((await ahead.next({ from: 9, to: 1_000 }, signal)).to).to.equal(12);
    expect(source.asked.slice(4)).to.deep.equal(['13-14']);
  });

  it('has what has not left yet ask for what an endpoint did not take that gives less', async () => {
    source.asksLate = true;
    const ahead = open({ maxRanges: 4 });
    const first = ahead.next({ from: 1, to: 100 }, signal);
    source.pending[0]!.begin(10);
    await source.answer(1);
    await first;
    const [one, two, three, four] = [...source.pending];
    one!.begin(4);
    expect([one!.from, one!.to]).to.deep.equal([11, 14]);
    two!.begin(10);
    expect([two!.from, two!.to]).to.deep.equal([15, 24]);
    four!.begin(2);
    expect([four!.from, four!.to]).to.deep.equal([35, 36]);
    // What an answer left out is asked for by who leaves next.
    await source.answer(11, 4, 12);
    three!.begin(10);
    expect([three!.from, three!.to]).to.deep.equal([13, 14]);
    for (const from of [13, 15]) await source.answer(from);
    const given = [];
    for (const from of [11, 13, 15]) given.push((await ahead.next({ from, to: 100 }, signal)).to);
    expect(given).to.deep.equal([12, 14, 24]);
    expect(source.asked).to.include('25-34');
  });

  it('gives out what comes before an error, throws it in its turn, and drops what is in flight', async () => {
    const ahead = open({ maxRanges: 3 });
    const first = ahead.next({ from: 1, to: 1_000 }, signal);
    await source.answer(1);
    await first;
    const broken = new Error('broken');
    await source.pending[1]?.fail(broken);
    const second = ahead.next({ from: 11, to: 1_000 }, signal);
    await source.answer(11);
    expect((await second).to).to.equal(20);
    expect(source.asked, 'nothing is read on behind an error').to.have.length(4);
    expect(await rejectionOf(ahead.next({ from: 21, to: 1_000 }, signal))).to.equal(broken);
    expect(source.inFlight).to.deep.equal([]);
    const again = ahead.next({ from: 21, to: 1_000 }, signal);
    await source.answer(21);
    expect((await again).to).to.equal(30);
  });

  it('takes no more blocks from a source than it asked for', async () => {
    const ahead = open({ maxRanges: 3 });
    const first = ahead.next({ from: 1, to: 1_000 }, signal);
    await source.answer(1);
    await first;
    await source.answer(11, 10, 21);
    const error = await rejectionOf(ahead.next({ from: 11, to: 1_000 }, signal), RangeError);
    expect(error.message).to.equal('blocks up to 21 came where those up to 20 were asked for');
  });

  it('drops what is in flight when it is told to, and when its run ends', async () => {
    const ended = new AbortController();
    const ahead = open({ maxRanges: 3 });
    const first = ahead.next({ from: 1, to: 1_000 }, ended.signal);
    await source.answer(1);
    await first;
    ahead.drop();
    expect(source.inFlight).to.deep.equal([]);
    const reason = new Error('the run ends');
    const second = rejectionOf(ahead.next({ from: 11, to: 1_000 }, ended.signal));
    ended.abort(reason);
    expect(await second).to.equal(reason);
  });

  it('begins anew with a range that does not follow', async () => {
    const ahead = open({ maxRanges: 6 });
    const first = ahead.next({ from: 1, to: 1_000 }, signal);
    await source.answer(1);
    await first;
    const other = ahead.next({ from: 501, to: 1_000 }, signal);
    expect(source.inFlight[0]).to.equal(501);
    await source.answer(501);
    expect((await other).from).to.equal(501);
  });

  it('never asks beyond the end, and goes on when the end moves', async () => {
    const ahead = open();
    const first = ahead.next({ from: 1, to: 15 }, signal);
    await source.answer(1);
    await first;
    expect(source.asked).to.deep.equal(['1-10', '11-15']);
    await source.answer(11);
    const ranges: FetchedRange[] = [await ahead.next({ from: 11, to: 40 }, signal)];
    await settle();
    expect(ranges[0]?.to).to.equal(15);
    expect(source.asked.slice(2)).to.deep.equal(['16-25', '26-35', '36-40']);
  });
});

function blocksOf(text: string): number {
  const [from = 0, to = 0] = text.split('-').map(Number);
  return to - from + 1;
}
