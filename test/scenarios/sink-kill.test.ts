import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabase } from '../../src/database/open/open-database.js';
import { ChainSimulator } from '../support/chain-simulator.js';
import type { Child } from '../support/child.js';
import { eachDatabaseInTurn } from '../support/databases.js';
import { extentOf } from '../support/extent.js';
import { HookServer } from '../support/hook-server.js';
import { runsFromSource } from '../support/processes.js';
import { idsOf, Scenario } from '../support/scenario.js';
import { seededRandom } from '../support/seeded-random.js';
import { eventually } from '../support/within.js';

/** How many runs are killed per database. */
const kills = extentOf({ sample: 4, full: 8, soak: 100 });

/** A run lives for up to so long before it is killed, its start-up and its claim among it, or behind its first delivery. */
const longestLifeMs = runsFromSource ? 4_000 : 1_500;

interface Message {
  readonly id: string;
  readonly op: 'insert' | 'remove';
  readonly seq: number;
}

/** What a receiver has that drops repetitions, and of each id takes what the highest number says. */
function stateOf({ got }: HookServer): readonly string[] {
  const newest = new Map<string, Message>();
  for (const { body } of got) {
    for (const message of (JSON.parse(body) as { messages: readonly Message[] }).messages) {
      if (message.seq > (newest.get(message.id)?.seq ?? -1)) newest.set(message.id, message);
    }
  }
  return [...newest.values()].flatMap(({ id, op }) => (op === 'insert' ? [id] : [])).sort();
}

eachDatabaseInTurn('sinks of a run that is killed at random moments, on a chain that is reorganised', (database) => {
  let node: ChainSimulator;
  let hook: HookServer;
  const random = seededRandom(7);

  before(async () => {
    node = await ChainSimulator.start({ delayMs: 5 }, { finalizedDistance: 30 });
    mine(300);
    hook = await HookServer.start();
  });
  after(() => node.stop());

  const mine = (count: number): void => node.mine(count, (number) => Array.from({ length: number % 4 }, () => ({})));
  const pick = (most: number): number => Math.floor(random() * most);
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  const idsFrom = (from: number, to = node.head.number): readonly string[] =>
    node
      .canonicalLogs(from, to)
      .map((log) => `31337:${log.blockHash}:${log.transactionHash}:${Number(log.logIndex)}`)
      .sort();
  const bodies = (): string => hook.got.map(({ body }) => body).join('\n');
  const hasOfNewest = (blocks: number): boolean => {
    const told = bodies();
    return idsFrom(node.head.number - blocks + 1).some((id) => told.includes(id));
  };

  /** What the chain does while a run lives, from its start or from what it has delivered. */
  async function live(run: Child, delivered: 'nothing' | 'something' | 'newest blocks'): Promise<void> {
    const had = hook.got.length;
    if (delivered !== 'nothing') {
      const isDelivered = (): boolean => hook.got.length > had && (delivered === 'something' || hasOfNewest(5));
      await eventually(`a run delivers ${delivered}`, isDelivered, 90_000);
      // Of the newest blocks what it has delivered is taken back.
      node.reorg(5, 7, (number) => Array.from({ length: number % 3 }, () => ({})));
    }
    const ends = Date.now() + 100 + random() * longestLifeMs;
    while (Date.now() < ends) {
      await pause(100);
      if (pick(3) === 0) node.reorg(1 + pick(15), 17, (number) => Array.from({ length: number % 3 }, () => ({})));
      else mine(3);
    }
    await run.kill();
  }

  it(`have each event that stands, and no other, after ${kills} kills`, async function () {
    this.timeout(kills * 8_000 + 120_000);
    const url = await database.fresh();
    const scenario = await Scenario.begin(
      url,
      node.url,
      {
        mode: 'realtime',
        startBlock: 0,
        below: [
          { name: 'rows', type: 'table_sink', table: 'usdc_rows' },
          { name: 'hook', type: 'webhook_sink', url: '${HOOK_URL}', allow_private: true, batch_size: 20 },
          { name: 'files', type: 'file_sink', path: 'usdc/', format: 'jsonl', rotate_blocks: 50 },
        ],
      },
      // Else a life ends before new blocks count as sure.
      { HOOK_URL: hook.url, CHAINPARSE_DOUBT: '0' },
    );
    for (let killed = 0; killed < kills; killed++) {
      mine(3);
      // Every other one is killed wherever it is: it may not have begun.
      // A slow machine comes to the newest blocks, of which something can be taken back, only where it is waited for.
      const delivered = killed === kills - 2 ? 'newest blocks' : 'something';
      await live(scenario.run(), killed % 2 === 0 ? delivered : 'nothing');
    }
    const head = node.head.number;
    const last = scenario.run('--to-block', String(head));
    // What is not final is waited for.
    const finality = eventually('the last rows', () => hook.got.length > 0).then(() => mine(40));
    const { code, stderr } = await last.exit(120_000);
    await finality;
    expect(code, stderr).to.equal(0);

    expect(await scenario.exported()).to.deep.equal(idsOf(node.canonicalLogs(0, head)));
    const ids = idsFrom(0, head);
    expect(stateOf(hook)).to.deep.equal(ids);
    expect(bodies()).to.include('"op":"remove"');
    expect(await rowsOf(url)).to.deep.equal(ids);
    expect(filesOf(scenario)).to.deep.equal(ids);
    const listed = JSON.parse(await scenario.chainparse('sink', 'list', '45', '--json')) as { sinks: object[] };
    for (const sink of listed.sinks) expect(sink).to.deep.include({ cursor_block: head, behind: 0, state: 'idle' });
  });
});

async function rowsOf(url: string): Promise<readonly string[]> {
  const database = await openDatabase(url);
  try {
    const rows = await database.read<Record<'block_hash' | 'transaction_hash' | 'log_index', string>[]>((knex) =>
      knex('usdc_rows').select('block_hash', 'transaction_hash', 'log_index'),
    );
    return rows.map((row) => `31337:${row.block_hash}:${row.transaction_hash}:${row.log_index}`).sort();
  } finally {
    await database.close();
  }
}

function filesOf({ folder }: Scenario): readonly string[] {
  const files = join(folder, 'data', 'usdc');
  const names = (JSON.parse(readFileSync(join(files, '_chainparse.json'), 'utf8')) as { files: { name: string }[] })
    .files;
  expect(readdirSync(files)).to.include.members(names.map(({ name }) => name));
  const lines = names.flatMap(({ name }) => readFileSync(join(files, name), 'utf8').trim().split('\n'));
  return lines
    .map((line) => JSON.parse(line) as Record<'block_hash' | 'transaction_hash' | 'log_index', string>)
    .map((row) => `31337:${row.block_hash}:${row.transaction_hash}:${row.log_index}`)
    .sort();
}
