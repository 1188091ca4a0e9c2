import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Child } from '../test/support/child.js';
import { projectRoot } from '../test/support/processes.js';
import { Scenario } from '../test/support/scenario.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import type { Benchmark, Report } from './benchmark.js';
import { migrate } from './ingest-program.js';
import { watchRows } from './row-watch.js';
import { startLogNode } from './start-log-node.js';

const [blocks, logsPerBlock] = [2_000, 10];
/** The blocks that the bare script asks for at once, and whose first one is watched. */
const step = 25;
/** How often a row is looked for, in milliseconds. */
const lookMs = 2;

const program = `${projectRoot}/bin/chainparse.js`;

/** What people wait for, and how many times what `node -e 0` takes it may be. */
const commands: readonly (readonly [args: string, limit: number])[] = [
  ['--help', 2],
  ['--version', 2],
  ['completion bash', 12],
  ['completion --values pipeline', 5],
  ['tasks list', 5],
  ['status --once', 7],
  ['migrate', 5],
];

/** How long commands take to start, as times of what Node itself takes; the quickest of some, for the others waited for something. */
export const start: Benchmark = {
  summary: 'commands beside node -e 0: --help 2 times as long, tasks list 5 times; the first row of a run 17 times',
  async run(options, report) {
    const rounds = options.number('rounds', 15);
    const node = await startLogNode(blocks, logsPerBlock);
    const url = `sqlite:${temporaryFolder()}/start.db`;
    await migrate(url);
    const bare = await quickest(rounds, () => timeOf(['-e', '0'], {}));
    report.note(`node -e 0: ${bare.toFixed(0)} ms, the quickest of ${rounds}`);
    for (const [args, limit] of commands) {
      const env = { CHAINPARSE_DATABASE_URL: url };
      const taken = await quickest(rounds, () => timeOf([program, ...args.split(' ')], env));
      report.atMost(`chainparse ${args}, times node -e 0 (${taken.toFixed(0)} ms)`, taken / bare, limit);
    }
    await compareFirstRows(report, node, Math.ceil(rounds / 3), bare);
  },
};

async function compareFirstRows(report: Report, node: string, rounds: number, bare: number): Promise<void> {
  const script = await quickest(rounds, () => firstRowOfScript(node));
  const run = await quickest(rounds, () => firstRowOfRun(node));
  report.note(`a bare script's first row: ${script.toFixed(0)} ms, ${(script / bare).toFixed(1)} times node -e 0`);
  report.note(`that of a run: ${(run / script).toFixed(1)} times the script's`);
  report.atMost(`the first row of run-pipeline, times node -e 0 (${run.toFixed(0)} ms)`, run / bare, 17);
}

async function quickest(rounds: number, measure: () => Promise<number>): Promise<number> {
  const taken: number[] = [];
  for (let round = 0; round < rounds; round++) taken.push(await measure());
  return Math.min(...taken);
}

/** How long a process takes, in milliseconds. */
async function timeOf(args: readonly string[], env: Record<string, string>): Promise<number> {
  const since = performance.now();
  const child = spawn(process.execPath, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
  return performance.now() - since;
}

async function firstRowOfRun(node: string): Promise<number> {
  const url = `sqlite:${temporaryFolder()}/start.db`;
  const scenario = await Scenario.begin(url, node, { mode: 'historical', startBlock: 1, endBlock: blocks });
  return firstRow(url, () => scenario.run());
}

async function firstRowOfScript(node: string): Promise<number> {
  const url = `sqlite:${temporaryFolder()}/start.db`;
  await migrate(url);
  const args = ['--input-type=module', '-e', script, url.slice('sqlite:'.length), node, String(step)];
  return firstRow(url, () => new Child(process.execPath, args, { cwd: projectRoot }));
}

/** How long a process takes to its first row that others see, in milliseconds; the process is ended then. */
async function firstRow(url: string, begin: () => Child): Promise<number> {
  const rows = await watchRows(url);
  const since = performance.now();
  const child = begin();
  while (!(await rows.has(1))) await new Promise((resolve) => setTimeout(resolve, lookMs));
  const taken = performance.now() - since;
  await child.kill();
  await rows.close();
  return taken;
}

/** The least that brings a row into the table: one module, two requests, one transaction. */
const script = `
import Sqlite from 'better-sqlite3';
const [path, url, step] = process.argv.slice(1);
const call = async (method, params) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  return (await (await fetch(url, { method: 'POST', body })).json()).result;
};
const bytes = (hex) => Buffer.from(hex.slice(2), 'hex');
const database = new Sqlite(path);
await call('eth_blockNumber', []);
const logs = await call('eth_getLogs', [{ fromBlock: '0x1', toBlock: '0x' + Number(step).toString(16) }]);
const insert = database.prepare(\`INSERT INTO event (pipeline_id, block_number, log_index, transaction_hash, chain_id, block_hash,
  block_timestamp, transaction_index, contract_address, event_name, event_signature, args) VALUES (45, ?, ?, ?, 31337, ?, ?, ?, ?, ?, ?, ?)\`);
database.transaction(() => {
  for (const log of logs) {
    const args = JSON.stringify({ from: '0x' + log.topics[1].slice(26), to: '0x' + log.topics[2].slice(26), value: String(BigInt(log.data)) });
    insert.run(Number(log.blockNumber), Number(log.logIndex), bytes(log.transactionHash), bytes(log.blockHash), Number(log.blockTimestamp),
      Number(log.transactionIndex), bytes(log.address), 'Transfer', 'Transfer(address,address,uint256)', args);
  }
})();
setInterval(() => undefined, 1000);
`;
