import { expect } from 'chai';
import { InFlightLimit } from '../../../../src/chain/transport/endpoints/in-flight-limit.js';
import type { Departure } from '../../../../src/chain/transport/endpoints/refused-crowd.js';
import { seededRandom } from '../../../support/seeded-random.js';

/** How a server meets requests. */
interface Server {
  /** How many it takes at a time; what it refuses is among them as long as what it answers. */
  readonly allowed?: number;
  /** The share that it refuses for another reason. */
  readonly noise?: number;
  /** Whether it says why. */
  readonly says?: boolean;
  /** By which share the times of answers differ. */
  readonly jitter?: number;
}

interface Played {
  readonly answered: number;
  readonly refused: number;
  /** How long it took, in times that one request takes. */
  readonly rounds: number;
}

/** Asks a server for so many answers, as many at a time as the limit lets, and `wanted` at most. */
function play(limit: InFlightLimit, server: Server, requests: number, wanted = 64): Played {
  const { allowed = Number.POSITIVE_INFINITY, noise = 0, says = false, jitter = 0.1 } = server;
  const random = seededRandom(7);
  let open: { readonly departure: Departure; readonly at: number; readonly isRefused: boolean }[] = [];
  let [now, answered, refused] = [0, 0, 0];
  while (answered < requests) {
    while (limit.hasRoom && open.length < wanted) {
      const isRefused = open.length >= allowed || random() < noise;
      open.push({ departure: limit.begin(), at: now + 1 + jitter * (random() - 0.5), isRefused });
    }
    const next = open.reduce((one, other) => (other.at < one.at ? other : one));
    open = open.filter((each) => each !== next);
    now = next.at;
    if (!next.isRefused) limit.answered(next.departure);
    else if (says || limit.mayBeTooMany(next.departure, 0)) limit.refused(next.departure, says);
    else limit.mayBeRefused(0);
    limit.end(next.departure);
    if (next.isRefused) refused++;
    else answered++;
  }
  for (const { departure } of open) limit.end(departure);
  return { answered, refused, rounds: now };
}

describe('the limit on requests in flight', () => {
  let limit: InFlightLimit;
  beforeEach(() => {
    limit = new InFlightLimit(64);
  });

  /** As many requests as there may be, and their answers. */
  const round = (): number => {
    const open = [];
    while (limit.hasRoom) open.push(limit.begin());
    for (const each of open) limit.answered(each);
    for (const each of open) limit.end(each);
    return open.length;
  };

  it('sends half more than usual, then twice as many, and lets as many in once those are answered', () => {
    expect(Array.from({ length: 9 }, round)).to.deep.equal([12, 24, 48, 64, 64, 64, 64, 64, 64]);
    expect([limit.known, limit.isKnown]).to.deep.equal([Number.POSITIVE_INFINITY, false]);
  });

  it('lets as many in once scouts are answered, in whatever order', () => {
    const open = [];
    while (limit.hasRoom) open.push(limit.begin());
    for (const each of open.reverse()) limit.answered(each);
    expect(limit.most).to.equal(12);
  });

  it('lets nothing follow scouts that are not answered yet', () => {
    const open = [];
    while (limit.hasRoom) open.push(limit.begin());
    expect(open.map(({ isScout }) => isScout)).to.deep.equal([
      ...Array<boolean>(8).fill(false),
      ...Array<boolean>(4).fill(true),
    ]);
    for (const [at, each] of open.slice(0, 5).entries()) {
      limit.answered(each);
      limit.end(each);
      expect(limit.hasRoom).to.equal(at === 4);
    }
  });

  it('stays at what is taken where scouts are refused', () => {
    const open = [];
    while (limit.hasRoom) open.push(limit.begin());
    for (const each of open.slice(0, 8)) limit.answered(each);
    for (const each of open.slice(8)) limit.refused(each, false);
    expect([limit.most, limit.known]).to.deep.equal([8, 8]);
  });

  it('takes a single refusal for chance: nothing changes but that no scout leaves for two rounds', () => {
    const open = [];
    while (limit.hasRoom) open.push(limit.begin());
    limit.refused(open.at(-1)!, false);
    expect([limit.most, limit.known, limit.reach]).to.deep.equal([8, Number.POSITIVE_INFINITY, 8]);
    for (const each of open) limit.end(each);
    for (let each = 0; each < 4; each++) round();
    expect(limit.reach).to.be.greaterThan(8);
  });

  it('is as it was before where others that left with what was refused are answered', () => {
    const open = [];
    while (limit.hasRoom) open.push(limit.begin());
    limit.refused(open[3]!, false);
    limit.refused(open[4]!, false);
    expect([limit.most, limit.isKnown]).to.deep.equal([3, true]);
    for (const each of open.slice(5)) limit.answered(each);
    expect(limit.most).to.be.at.least(8);
    expect(limit.isKnown).to.equal(false);
  });

  it('never exceeds its ceiling, however low that is', () => {
    limit = new InFlightLimit(2);
    for (let each = 0; each < 50; each++) expect(round()).to.equal(2);
    expect(limit.most).to.equal(2);
  });

  for (const jitter of [0, 0.1, 0.4]) {
    for (const says of [true, false]) {
      for (const allowed of [3, 10, 30]) {
        const how = `that ${allowed} are taken at a time, ${says ? 'said' : 'not said'}, times differing by ${jitter}`;
        it(`finds out ${how}, and tries more seldom and seldomer`, () => {
          const first = play(limit, { allowed, says, jitter }, 40 * allowed);
          const { refused, rounds } = play(limit, { allowed, says, jitter }, 500 * allowed);
          expect(first.refused).to.be.below(1.5 * allowed + 8);
          expect(refused / (500 * allowed)).to.be.below(0.01);
          expect(limit.most).to.be.within(Math.ceil(allowed * 0.7), allowed);
          expect(limit.isKnown).to.equal(true);
          expect(rounds).to.be.below(500 * 1.4);
        });
      }
    }
  }

  it('is refused at most 2 % of few requests, too, where 10 are taken at a time', () => {
    const { answered, refused } = play(limit, { allowed: 10 }, 250);
    expect(refused / (answered + refused)).to.be.at.most(0.02);
  });

  it('lets as many in where some are refused by chance', () => {
    const without = play(new InFlightLimit(64), {}, 3_000);
    const { rounds } = play(limit, { noise: 0.0125 }, 3_000);
    expect(rounds).to.be.below(1.15 * without.rounds);
  });

  it('does not grow as long as it is not reached', () => {
    for (let each = 0; each < 2; each++) round();
    const open = Array.from({ length: limit.most }, () => limit.begin());
    for (let each = 0; each < 2; each++) limit.mayBeRefused(0);
    for (const each of open) limit.end(each);
    const { most } = limit;
    expect(limit.isKnown).to.equal(true);
    for (let each = 0; each < 100; each++) {
      const alone = limit.begin();
      limit.answered(alone);
      limit.end(alone);
    }
    expect(limit.most).to.equal(most);
  });

  it('is cut by what had gone well and is refused often, and grows one by one below that', () => {
    for (let each = 0; each < 2; each++) round();
    const { most } = limit;
    const open = Array.from({ length: most }, () => limit.begin());
    limit.mayBeRefused(0);
    expect(limit.isKnown).to.equal(false);
    limit.mayBeRefused(0);
    expect([limit.isKnown, limit.most]).to.deep.equal([true, Math.floor(0.7 * most)]);
    for (const each of open) limit.end(each);
    const before = limit.most;
    round();
    expect(limit.most).to.equal(before + 1);
  });

  it('is forgotten some time after the endpoint takes more again', () => {
    play(limit, { allowed: 3 }, 500);
    play(limit, {}, 10_000, 40);
    expect(limit.most).to.be.at.least(40);
    expect(limit.known).to.equal(Number.POSITIVE_INFINITY);
  });

  it('is tried again soon where refusals went on with fewer at a time', () => {
    play(limit, { allowed: 10 }, 500);
    expect(limit.reach).to.equal(limit.most);
    limit.doubt();
    play(limit, { allowed: 10 }, 60, limit.most);
    expect(limit.reach).to.equal(limit.most + 1);
  });

  it('is not raised by a scout that left when fewer were let in', () => {
    play(limit, { allowed: 4, says: true }, 100);
    const open = [];
    do {
      while (limit.hasRoom) open.push(limit.begin());
      const oldest = open.find(({ isScout }) => !isScout)!;
      limit.answered(oldest);
      limit.end(open.splice(open.indexOf(oldest), 1)[0]!);
    } while (!open.some(({ isScout }) => isScout));
    limit.pardon();
    limit.answered(open.find(({ isScout }) => isScout)!);
    expect(limit.most).to.equal(8);
  });

  it('begins with one after an outage, and lets one more in with each answer', () => {
    limit.restart();
    expect([limit.most, limit.isKnown]).to.deep.equal([1, false]);
    const rounds = Array.from({ length: 5 }, round);
    expect(rounds.slice(0, 2)).to.deep.equal([1, 2]);
    expect(rounds[4]).to.be.greaterThan(4);
  });
});
