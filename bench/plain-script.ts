// A program of its own: what a developer writes in an afternoon. ethers' queryFilter, and knex' batchInsert.
import process from 'node:process';
import { Contract, EventLog, JsonRpcProvider } from 'ethers';
import knex from 'knex';
import { simContract } from '../test/support/simulated-chain.js';

const [databaseUrl, rpcUrl, firstText, lastText, stepText] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const [first, last, step] = [Number(firstText), Number(lastText), Number(stepText)];
const isSqlite = databaseUrl.startsWith('sqlite:');

const database = isSqlite
  ? knex({
      client: 'better-sqlite3',
      connection: { filename: databaseUrl.slice('sqlite:'.length) },
      useNullAsDefault: true,
    })
  : knex({ client: 'mysql2', connection: databaseUrl });
const provider = new JsonRpcProvider(rpcUrl, 31_337, { staticNetwork: true });
const abi = ['event Transfer(address indexed from, address indexed to, uint256 value)'];
const contract = new Contract(simContract, abi, provider);

/** The most rows of a batch that SQLite takes. */
const rowsPerInsert = isSqlite ? 100 : 1_000;

const bytes = (hex: string): Buffer => Buffer.from(hex.slice(2), 'hex');

async function timesOf(logs: readonly EventLog[]): Promise<Map<number, number>> {
  const numbers = [...new Set(logs.map((log) => log.blockNumber))];
  const blocks = await Promise.all(numbers.map((number) => provider.getBlock(number)));
  return new Map(blocks.map((block) => [block?.number ?? 0, block?.timestamp ?? 0]));
}

async function readRange(from: number, to: number): Promise<number> {
  const logs = (await contract.queryFilter('Transfer', from, to)).filter((log) => log instanceof EventLog);
  const times = await timesOf(logs);
  const rows = logs.map((log) => ({
    pipeline_id: 45,
    block_number: log.blockNumber,
    log_index: log.index,
    transaction_hash: bytes(log.transactionHash),
    chain_id: 31_337,
    block_hash: bytes(log.blockHash),
    block_timestamp: times.get(log.blockNumber),
    transaction_index: log.transactionIndex,
    contract_address: bytes(log.address),
    event_name: log.eventName,
    event_signature: log.eventSignature,
    args: JSON.stringify(log.args.toObject(), (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  }));
  await database.batchInsert('event', rows, rowsPerInsert);
  return rows.length;
}

const startedAt = performance.now();
let events = 0;
for (let from = first; from <= last; from += step) events += await readRange(from, Math.min(last, from + step - 1));
console.log(JSON.stringify({ events, seconds: (performance.now() - startedAt) / 1_000 }));
await database.destroy();
process.exit();
