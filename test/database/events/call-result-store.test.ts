import { expect } from 'chai';
import { CallResultStore, callKey } from '../../../src/database/events/call-result-store.js';
import type { CallOutcome, KeptCall } from '../../../src/database/events/call-result-store.js';
import type { Database } from '../../../src/database/database.js';
import { eachDatabase } from '../../support/databases.js';
import { openMigrated } from '../../support/migrated-database.js';

eachDatabase('what contracts answered', (databases) => {
  let database: Database;

  before(async () => {
    database = await openMigrated(await databases.fresh());
  });
  after(() => database.close());

  it('is kept however long the answers of one block are together', async function () {
    this.timeout(60_000);
    const block = { number: 5, hash: `0x${'5'.repeat(64)}` };
    const of = { pipelineId: 45, block, at: 'event' } as const;
    const answerOf = (n: number): CallOutcome => ({
      outcome: 'answered',
      result: `0x${'61'.repeat(45_000)}0${n % 10}`,
    });
    const results = new Map<string, KeptCall & CallOutcome>();
    for (let n = 0; n < 200; n++) {
      const data = `0x${n.toString(16).padStart(8, '0')}`;
      const kept = { chainId: 1, target: `0x${'a'.repeat(40)}`, data, of };
      results.set(callKey(kept), { ...kept, ...answerOf(n) });
    }
    const store = new CallResultStore(database);
    await store.keep(results);
    const found = await store.find([...results.keys()]);
    const same = [...results].filter(([key, { result }]) => found.get(key)?.result === result);
    expect(same).to.have.length(200);
  });
});
