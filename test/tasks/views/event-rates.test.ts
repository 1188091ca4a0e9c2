import { expect } from 'chai';
import type { Task } from '../../../src/model/task.js';
import { EventRates } from '../../../src/tasks/views/event-rates.js';
import { FakeClock } from '../../support/fake-clock.js';
import { silentTask } from '../monitor/monitor-fixture.js';

function task(id: number, events: number): Task {
  return { ...silentTask, id, progress: { mode: 'realtime', nextBlock: 1, targetBlock: null, headBlock: 1, events } };
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

  it('are not below zero when a reorganisation takes events back, and forget who runs no longer', async () => {
    rates.note([task(1, 100)]);
    await clock.advance(1_000);
    rates.note([task(1, 90)]);
    expect(rates.of(1)).to.equal(0);
    rates.note([task(2, 5)]);
    expect(rates.of(1)).to.equal(null);
  });
});
