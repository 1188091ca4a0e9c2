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

  it('is listed and forgotten by pipeline, with what serves all on its chain, and by contract', async () => {
    const store = new CallResultStore(database);
    await store.forget({});
    const [one, other] = [`0x${'b'.repeat(40)}`, `0x${'c'.repeat(40)}`];
    const block = { number: 9, hash: `0x${'9'.repeat(64)}` };
    const calls: readonly KeptCall[] = [
      { chainId: 1, target: one, data: '0x01', of: null },
      { chainId: 10, target: one, data: '0x01', of: null },
      { chainId: 1, target: other, data: '0x02', of: { pipelineId: 45, block, at: 'event' } },
      { chainId: 1, target: one, data: '0x03', of: { pipelineId: 46, block, at: 'latest' } },
    ];
    const reverted = { outcome: 'reverted', result: null } as const;
    await store.keep(new Map(calls.map((call) => [callKey(call), { ...call, ...reverted }])));
    const pipeline = { id: 45, chainId: 1 };
    expect(await store.list({ pipeline }, 10)).to.deep.equal({
      total: 2,
      calls: [
        { pipeline_id: null, block_number: null, chain_id: 1, call_data: '0x01', ...reverted, contract_address: one },
        { pipeline_id: 45, block_number: 9, chain_id: 1, call_data: '0x02', ...reverted, contract_address: other },
      ],
    });
    expect(await store.list({}, 1))
      .to.include({ total: 4 })
      .with.property('calls')
      .with.length(1);
    expect(await store.forget({ pipeline, contract: one })).to.equal(1);
    expect(await store.forget({ contract: other })).to.equal(1);
    expect([...(await store.find(calls.map(callKey))).keys()]).to.have.members([
      callKey(calls[1]!),
      callKey(calls[3]!),
    ]);
  });
});
