import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabase } from '../../src/database/open/open-database.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { Scenario, idsOf, idsOfLines } from '../support/scenario.js';

const below = [
  { name: 'rows', type: 'table_sink', table: 'moved', delivery: 'finalized' },
  { name: 'lines', type: 'file_sink', path: 'lines', rotate_blocks: 300 },
];

eachDatabaseInTurn('a history whose sinks wait for finality', (databases) => {
  let node: ChainSimulator;
  afterEach(() => node.stop());

  it('delivers nothing of blocks that the chain replaces meanwhile, and what it has instead', async function () {
    this.timeout(120_000);
    node = await ChainSimulator.start({}, { finalizedDistance: 30 });
    node.mine(100);
    const url = await databases.fresh();
    const scenario = await Scenario.begin(url, node.url, { mode: 'historical', endBlock: 100, below });
    const run = scenario.run();
    await run.output(/all is read; the run ends once rows, lines have/, 60_000);
    node.reorg(10, 10);
    node.mine(60);
    const { code, stdout, stderr } = await run.exit(60_000);
    expect(code, stderr).to.equal(0);
    expect(stderr).to.contain('they are taken back, and read anew').and.contain('taking back blocks 91 to 100');
    const truth = idsOf(node.canonicalLogs().filter((log) => Number(log.blockNumber) <= 100));
    expect(await scenario.exported()).to.deep.equal(truth);
    const folder = join(scenario.folder, 'data/lines');
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .sort();
    const lines = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'));
    expect(idsOfLines(lines)).to.deep.equal(truth);
    const database = await openDatabase(url);
    const hashes: unknown = await database.read((knex) => knex('moved').orderBy('block_number').pluck('block_hash'));
    await database.close();
    expect(hashes).to.deep.equal(truth.map((id) => id.split(' ')[0]));
    expect(stdout).to.match(new RegExp(`completed: ${truth.length} events`));
  });
});
