import { expect } from 'chai';
import { tableOf } from '../components/table-sink/sink-fixture.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import { damageAndRepair } from '../support/damage-and-repair.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { extentOf } from '../support/extent.js';
import { runsFromSource } from '../support/processes.js';
import { Scenario } from '../support/scenario.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { eventually } from '../support/within.js';

/** How many runs are killed per database. */
const kills = extentOf({ sample: 4, full: 8, soak: 100 });

/** A run lives for up to so long before it is killed: its start-up, its claims and some of its deliveries. */
const longestLifeMs = runsFromSource ? 6_000 : 3_000;

eachDatabaseInTurn('tables that sinks fill', (databases) => {
  it(`equal the chain exactly after ${kills} kills, reorganisations, repairs and a --fresh`, async function () {
    this.timeout(kills * 20_000 + 200_000);
    const node = await ChainSimulator.start({ delayMs: 5 }, { finalizedDistance: 30, maxRange: 20 });
    node.mine(200, (number) => Array.from({ length: number % 5 }, () => ({})));
    const own = await databases.fresh();
    // Where there is a server, the other database is one of it; SQLite's is another file.
    const far = databases.dialect === 'sqlite' ? `sqlite:${temporaryFolder()}/far.db` : await databases.fresh();
    const sinks = [
      { name: 'own', type: 'table_sink', table: 'usdc', batch_size: 7, indexes: [['to']] },
      { name: 'far', type: 'table_sink', database: '${WAREHOUSE_URL}', table: 'usdc', batch_size: 50 },
      { name: 'final', type: 'table_sink', table: 'settled', delivery: 'finalized' },
    ];
    const source = { mode: 'realtime', startBlock: 1, batchSize: 20, below: sinks } as const;
    // Else a life ends before new blocks count as sure.
    const env = { WAREHOUSE_URL: far, CHAINPARSE_DOUBT: '0' };
    const scenario = await Scenario.begin(own, node.url, source, env);

    let repaired = 0;
    for (let killed = 0; killed < kills; killed++) {
      const had = node.head.number;
      node.mine(3, (number) => Array.from({ length: number % 4 }, () => ({})));
      const run = scenario.run(...(killed === Math.floor(kills / 2) ? ['--fresh'] : []));
      // Every other one is killed wherever it is: it may not have begun.
      if (killed % 2 === 1) await eventually('a run delivers', () => hasRowsAbove(far, had), 90_000);
      const lifeMs = 300 + Math.random() * longestLifeMs;
      const until = Date.now() + lifeMs;
      while (Date.now() < until) {
        node.mine(3, (number) => Array.from({ length: number % 4 }, () => ({})));
        await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 150));
        if (Math.random() < 0.3) node.reorg(1 + Math.floor(Math.random() * 20));
      }
      await run.kill();
      if (killed % 4 === 3) repaired += await damageAndRepair(own, scenario, node.url);
    }
    expect(repaired, 'rows that were put right').to.be.above(0);

    const run = scenario.run();
    const truth = (to: number): readonly string[] =>
      node.canonicalLogs(1, to).map((log) => {
        const address = (topic = ''): string => `0x${topic.slice(26)}`;
        const value = BigInt(log.data).toString();
        return [Number(log.blockNumber), Number(log.logIndex), log.blockHash, address(log.topics[2]), value].join(' ');
      });
    const columns = ['block_number', 'log_index', 'block_hash', 'to', 'value'];
    const isTrue = async (url: string, table: string, to: number): Promise<true | null> => {
      // Until the run has made it, there may be none.
      const rows = (await tableOf(url, columns, table).catch(() => [])).map((row) => row.toLowerCase());
      return rows.join('\n') === truth(to).join('\n') ? true : null;
    };
    const { number: head } = node.head;
    await eventually('the table beside the events', () => isTrue(own, 'usdc', head), 60_000);
    await eventually('the table in another database', () => isTrue(far, 'usdc', head), 60_000);
    await eventually('the table of what is final', () => isTrue(own, 'settled', head - 30), 60_000);
    run.signal('SIGTERM');
    const ended = await run.exit();
    expect(ended.code, ended.stderr).to.equal(0);
    expect(truth(head).length).to.be.above(100);
    await node.stop();
  });
});

async function hasRowsAbove(url: string, block: number): Promise<boolean> {
  const rows = await tableOf(url, ['block_number']).catch(() => []);
  return rows.some((row) => Number(row) > block);
}
