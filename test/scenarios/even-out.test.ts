import { expect } from 'chai';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { Scenario } from '../support/scenario.js';
import { endGently } from '../support/watched-runs.js';
import { eventually } from '../support/within.js';

const pipelineIds = [45, 46, 47, 48];

interface Workers {
  readonly workers: readonly { readonly name: string; readonly task_ids: readonly number[] }[];
}

eachDatabaseInTurn('workers of which one runs everything', (testDatabase) => {
  it('even out: a task is handed over to the one that came later, without a fault', async function () {
    this.timeout(180_000);
    const node = await ChainSimulator.start({}, { finalizedDistance: 5 });
    node.mine(20);
    const workers: Child[] = [];
    try {
      const scenario = await Scenario.begin(await testDatabase.fresh(), node.url, { mode: 'realtime', startBlock: 0 });
      for (const id of pipelineIds.slice(1)) {
        await scenario.chainparse('pipeline', 'import', 'pipeline.json', '--id', String(id), '--name', `p${id}`);
      }
      const held = async (): Promise<readonly number[]> => {
        const { workers: list } = JSON.parse(await scenario.chainparse('workers', 'list', '--json')) as Workers;
        return list.map(({ task_ids: ids }) => ids.length).toSorted((a, b) => b - a);
      };
      workers.push(scenario.start('worker', '--concurrency', '8'));
      for (const id of pipelineIds) await scenario.chainparse('pipeline', 'start', String(id));
      await eventually('one worker runs all', async () => (await held()).join() === '4', 30_000);
      workers.push(scenario.start('worker', '--concurrency', '8'));
      await eventually('the other runs one of them', async () => (await held()).join() === '3,1', 60_000);
      const ends = await Promise.all(pipelineIds.map((id) => scenario.tasks(id)));
      expect(ends.flat().filter(({ status }) => status !== 0)).to.have.length(1);
      expect(ends.flat().find(({ status }) => status !== 0)).to.include({ status: 1, end_reason: 'handed_over' });
    } finally {
      await endGently(workers);
      await node.stop();
    }
  });
});
