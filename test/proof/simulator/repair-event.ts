import { RepairStore } from '../../../src/database/events/repair-store.js';
import type { World } from './world.js';

/**
 * Somebody else's `verify --repair` finds an event of a pipeline wrong, and writes it anew: that it is the same shows in the
 * journal alone. Where the server is away, or the block's rows have changed since, it leaves it at that.
 */
export async function repairEvent(world: World): Promise<void> {
  const { engine, databases, network, random } = world;
  const rows = await engine.ask(
    "SELECT e.*, CONCAT('0x', LOWER(HEX(e.block_hash))) AS hash, CONCAT('0x', LOWER(HEX(e.transaction_hash))) AS tx, CONCAT('0x', LOWER(HEX(e.contract_address))) AS address, c.version AS version FROM event AS e JOIN pipeline_checkpoint AS c ON c.pipeline_id = e.pipeline_id ORDER BY e.pipeline_id, e.block_number, e.log_index",
  );
  const row = rows[Math.floor(random() * rows.length)];
  if (row === undefined) return;
  const number = (name: string): number => Number(row[name]);
  const event = {
    blockNumber: number('block_number'),
    blockHash: String(row['hash']),
    timestamp: number('block_timestamp'),
    transactionHash: String(row['tx']),
    transactionIndex: number('transaction_index'),
    logIndex: number('log_index'),
    contractAddress: String(row['address']),
    eventName: String(row['event_name']),
    eventSignature: String(row['event_signature']),
    argsJson: String(row['args']),
  };
  const timeouts = { statementTimeoutMs: 10_000, beatTimeoutMs: 10_000 };
  const database = databases.open(engine, world.start(repairer, 0), network, timeouts);
  const repair = new RepairStore(database).replace({
    pipelineId: number('pipeline_id'),
    chainId: number('chain_id'),
    block: event.blockNumber,
    hash: event.blockHash,
    change: { events: { goes: [{ first: event, last: event }], comes: [event] }, undecoded: { goes: [], comes: [] } },
    version: number('version'),
    isSettled: random() < 0.5,
  });
  repair.then(
    () => world.trace('repaired'),
    (error: unknown) => world.trace(`not repaired: ${String(error)}`),
  );
}

/** The process that repairs. */
export const repairer = 'repairer';
