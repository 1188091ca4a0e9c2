import { expect } from 'chai';
import type { EventBatch, SourceMessage } from '../../src/model/batch.js';
import { holdEmpty, holdMsOf } from '../../src/pipeline/hold-empty.js';
import { exampleBatch, hashOf } from '../database/example-batch.js';
import { FakeClock, settle } from '../support/fake-clock.js';

const empty = (from: number, to = from, changes: Partial<EventBatch> = {}): EventBatch =>
  exampleBatch(from, to, { events: [], undecoded: [], ...changes });
const rollback: SourceMessage = { kind: 'rollback', ancestor: { number: 2, hash: hashOf('block 2') } };

describe('batches in which nothing happens', () => {
  let clock: FakeClock;
  let heldUpTo: number[];
  let isClosed: boolean;
  /** Sends a message, or lets time pass. */
  type Step = SourceMessage | number;

  beforeEach(() => {
    clock = new FakeClock();
    heldUpTo = [];
    isClosed = false;
  });

  async function* source(steps: readonly Step[]): AsyncGenerator<SourceMessage, void, undefined> {
    try {
      for (const step of steps) {
        if (typeof step === 'number') await clock.advance(step);
        else yield step;
      }
    } finally {
      isClosed = true;
    }
  }
  const hold = (steps: readonly Step[], holdMs = 1_000): AsyncGenerator<SourceMessage, void, undefined> =>
    holdEmpty(source(steps), { clock, holdMs: () => holdMs, onHeld: ({ toBlock }) => heldUpTo.push(toBlock) });
  const shown = (message: SourceMessage): string =>
    message.kind === 'events' ? `${message.fromBlock}-${message.toBlock}` : message.kind;
  const sent = async (steps: readonly Step[], holdMs = 1_000): Promise<string[]> => {
    const messages: string[] = [];
    for await (const message of hold(steps, holdMs)) messages.push(shown(message));
    return messages;
  };

  it('are joined with the batch behind them that holds something', async () => {
    expect(await sent([empty(1), empty(2), empty(3), exampleBatch(4, 4), empty(5)])).to.deep.equal([
      '1-1',
      '2-4',
      '5-5',
    ]);
    expect(heldUpTo).to.deep.equal([2, 3, 5]);
  });

  it('are sent when they have waited for as long as they may, also where nothing comes behind them', async () => {
    expect(await sent([empty(1), empty(2), empty(3), 1_000, empty(4), 1_000])).to.deep.equal(['1-1', '2-3', '4-4']);
  });

  it('are sent one by one where nothing is to be held back', async () => {
    expect(await sent([empty(1), empty(2), empty(3)], 0)).to.deep.equal(['1-1', '2-2', '3-3']);
    expect(heldUpTo).to.deep.equal([]);
  });

  it('are never held back where they are the first: the pipeline would stand nowhere', async () => {
    const messages = hold([empty(1), empty(2)]);
    expect(shown((await messages.next()).value as SourceMessage)).to.equal('1-1');
    expect(heldUpTo).to.deep.equal([]);
    await messages.return();
  });

  it('go before what takes blocks back, and before what does not follow them', async () => {
    expect(await sent([empty(1), empty(2), empty(3), rollback])).to.deep.equal(['1-1', '2-3', 'rollback']);
    expect(await sent([empty(1), empty(2), empty(9)])).to.deep.equal(['1-1', '2-2', '9-9']);
  });

  it('are not those that hold undecoded logs, or children of a factory', async () => {
    const logs = exampleBatch(2, 2, { events: [] });
    const found = empty(3, 3, { found: { children: [], upTo: 3 } as unknown as NonNullable<EventBatch['found']> });
    expect(await sent([empty(1), logs, found])).to.deep.equal(['1-1', '2-2', '3-3']);
  });

  it('remember the hashes of all their blocks that may yet be replaced', async () => {
    const messages: SourceMessage[] = [];
    const steps = [empty(1), empty(2), empty(3), empty(4, 5, { finalizedBlock: 2 })];
    for await (const message of hold(steps)) messages.push(message);
    const [, joined] = messages as EventBatch[];
    expect(joined?.recentBlocks.map(({ number }) => number)).to.deep.equal([3, 4, 5]);
    expect([joined?.toHash, joined?.finalizedBlock]).to.deep.equal([hashOf('block 5'), 2]);
  });

  it('are given up, and the source closed, where nobody wants more', async () => {
    for await (const message of hold([empty(1), exampleBatch(2, 2), empty(3)])) if (shown(message) === '2-2') break;
    expect(isClosed).to.equal(true);
  });

  it('have one timer for all that is held together, and leave none behind', async () => {
    const messages = hold([empty(1), empty(2), empty(3), empty(4), 10, empty(5)]);
    await messages.next();
    const last = messages.next();
    await settle();
    expect(clock.sleeping).to.equal(1);
    await last;
    await messages.next();
    expect(clock.sleeping).to.equal(0);
  });
});

describe('how long a checkpoint is held back to which blocks say nothing', () => {
  const half = (): number => 0.5;

  it('is no time at all where a task is alone', () => {
    expect(holdMsOf(1, 12_345, half)).to.equal(0);
  });

  it('grows with the tasks of the process, up to two minutes', () => {
    expect(holdMsOf(41, 12_345, half)).to.equal(450);
    expect(holdMsOf(1_001, 0, half)).to.equal(11_500);
    expect(holdMsOf(1_000_000, 0, () => 0.999)).to.be.within(119_000, 120_000);
  });

  it('ends for many tasks at the same moments, whenever each begins, and never early', () => {
    for (const random of [0, 0.3, 0.77]) {
      for (const now of [0, 3.7, 249.9, 100_001]) {
        const holdMs = holdMsOf(2_000, now, () => random);
        expect((now + holdMs) % 500).to.be.closeTo(0, 1e-6);
        expect(holdMs).to.be.within(29_985 * (0.5 + random / 2), 29_985 * (0.5 + random / 2) + 500);
      }
    }
  });
});
