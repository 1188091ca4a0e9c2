import { expect } from 'chai';
import type { ForgetOptions } from '../../../src/database/operations/forget-alerts.js';
import { AlertRetention } from '../../../src/tasks/alerts/alert-retention.js';
import { FakeClock } from '../../support/fake-clock.js';
import { defaultRules } from './alert-rules.js';

describe('the retention of alerts', () => {
  let clock: FakeClock;
  let asked: ForgetOptions[];
  let old: number;

  beforeEach(() => {
    clock = new FakeClock();
    asked = [];
    old = 0;
  });

  function open(rules = defaultRules): AlertRetention {
    const forget = (options: ForgetOptions): Promise<number> => {
      asked.push(options);
      const gone = Math.min(old, options.limit);
      old -= gone;
      return Promise.resolve(gone);
    };
    return new AlertRetention({ forget, rules, clock });
  }

  it('looks once an hour, by the settings', async () => {
    const retention = open();
    await retention.prune();
    await clock.advance(3_599_000);
    await retention.prune();
    expect(asked).to.deep.equal([{ keptSeconds: 7_776_000, mutedSeconds: 3_600, limit: 500 }]);
    await clock.advance(1_000);
    await retention.prune();
    expect(asked).to.have.length(2);
  });

  it('takes small batches until none is left, or until it has taken many', async () => {
    old = 1_200;
    await open().prune();
    expect([old, asked.length]).to.deep.equal([0, 3]);
    old = 50_000;
    await open().prune();
    expect(old).to.equal(40_000);
  });

  it('keeps all where that is said, and for ever what keeps another quiet for ever', async () => {
    await open({ ...defaultRules, retentionDays: null }).prune();
    expect(asked).to.deep.equal([]);
    await open({ ...defaultRules, repeatMinutes: null }).prune();
    expect(asked[0]?.mutedSeconds).to.equal(null);
  });
});
