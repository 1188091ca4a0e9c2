import { expect } from 'chai';
import { WaitingCalls } from '../../../../src/chain/transport/endpoints/waiting-calls.js';
import type { CallRank, Turn } from '../../../../src/chain/transport/endpoints/waiting-calls.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';

const never = new AbortController().signal;

describe('calls that wait for an endpoint', () => {
  let clock: FakeClock;
  let waiting: WaitingCalls;
  let slots: number;
  let freeAt: number;
  let order: string[];

  const turn = (): Turn<string> => {
    if (slots === 0 || clock.monotonic() < freeAt) return { at: slots === 0 ? Number.POSITIVE_INFINITY : freeAt };
    slots--;
    return { got: 'slot' };
  };
  const wait = async (name: string, rank: CallRank = 'new', signal = never): Promise<void> => {
    const outcome = await waiting.wait(turn, rank, signal).catch((error: unknown) => (error as Error).message);
    order.push(outcome === 'slot' ? name : `${name}: ${outcome}`);
  };
  const wake = async (): Promise<void> => {
    waiting.wake();
    await settle();
  };

  beforeEach(() => {
    clock = new FakeClock();
    waiting = new WaitingCalls(clock);
    [slots, freeAt, order] = [0, 0, []];
  });

  it('go on in their order, the urgent ones first', async () => {
    for (const name of ['a', 'b', 'C', 'd', 'E']) void wait(name, name < 'a' ? 'urgent' : 'new');
    for (let slot = 0; slot < 5; slot++) {
      slots++;
      await wake();
      expect(order).to.have.length(slot + 1);
    }
    expect(order).to.deep.equal(['C', 'E', 'a', 'b', 'd']);
    expect(waiting.isEmpty).to.equal(true);
  });

  it('go on by themselves when the time has come', async () => {
    [slots, freeAt] = [2, clock.monotonic() + 500];
    void wait('a');
    void wait('b');
    await clock.advance(499);
    expect(order).to.deep.equal([]);
    await clock.advance(1);
    expect(order).to.deep.equal(['a', 'b']);
    expect(clock.sleeping).to.equal(0);
  });

  it('leave at once when they are given up, and take nothing with them', async () => {
    const impatient = new AbortController();
    void wait('a', 'urgent', impatient.signal);
    void wait('b');
    impatient.abort(new Error('given up'));
    slots = 1;
    await wake();
    expect(order).to.deep.equal(['a: given up', 'b']);
  });

  it('end with what their turn throws', async () => {
    const turns = waiting.wait(
      () => {
        throw new Error('no sense in waiting');
      },
      'new',
      never,
    );
    expect(await turns.catch((error: unknown) => (error as Error).message)).to.equal('no sense in waiting');
    expect(waiting.isEmpty).to.equal(true);
  });
});
