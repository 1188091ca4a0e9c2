import { expect } from 'chai';
import type { Progress, Task } from '../../../src/model/task.js';
import { EventRates } from '../../../src/tasks/views/event-rates.js';
import { FakeClock } from '../../support/fake-clock.js';
import { silentTask } from '../monitor/monitor-fixture.js';

function task(id: number, events: number, changes: Partial<Progress> = {}): Task {
  const progress: Progress = { mode: 'realtime', nextBlock: 1, targetBlock: null, headBlock: 1, events };
  return { ...silentTask, id, progress: { ...progress, ...changes } };
}

describe('rates of events', () => {
  let clock: FakeClock;
  let rates: EventRates;

  beforeEach(() => {
    clock = new FakeClock();
    rates = new EventRates(clock);
  });

  it('need two looks at a task', async () => {
    rates.note([task(1, 100)]);
    expect(rates.of(1)).to.equal(null);
    await clock.advance(2_000);
    rates.note([task(1, 140)]);
    expect(rates.of(1)).to.equal(20);
    expect(rates.of(2)).to.equal(null);
  });

  it('are those of the last fifteen seconds', async () => {
    rates.note([task(1, 0)]);
    await clock.advance(10_000);
    rates.note([task(1, 10_000)]);
    await clock.advance(10_000);
    rates.note([task(1, 10_100)]);
    expect(rates.of(1)).to.equal(10);
  });

  it('leave out what has joined, for it was counted when its shard was read', async () => {
    rates.note([task(1, 100)]);
    await clock.advance(10_000);
    rates.note([task(1, 50_150, { joined: 50_000 })]);
    expect(rates.of(1)).to.equal(5);
  });

  it('are not below zero when a reorganisation takes events back, and forget who runs no longer', async () => {
    rates.note([task(1, 100)]);
    await clock.advance(1_000);
    rates.note([task(1, 90)]);
    expect(rates.of(1)).to.equal(0);
    rates.note([task(2, 5)]);
    expect(rates.of(1)).to.equal(null);
  });
});
