import { isSilentFor } from '../../runtime/silence.js';
import { taskStatus } from '../../model/task.js';
import type { Waiting } from '../../model/waiting.js';
import type { Database } from '../database.js';
import { silence } from '../task-steps/silence.js';

/** A queued row, as far as its waiting goes. */
interface QueuedRow {
  readonly id: number;
  readonly pipeline_id: number;
  readonly shard: number;
  readonly status: number;
  readonly waiting_for: string | null;
}

/** Who has a pipeline, or a shard, for itself. */
interface Holder {
  readonly id: number;
  readonly isSilent: boolean;
}

interface LivingWorkers {
  readonly all: number;
  readonly full: number;
}

/** Reads why those of the rows wait that are queued, by their ids; reads nothing where none is. */
export async function readWaiting(
  database: Database,
  rows: readonly QueuedRow[],
): Promise<ReadonlyMap<number, Waiting>> {
  const queued = rows.filter(({ status }) => status === taskStatus.queued);
  if (queued.length === 0) return new Map();
  const workers = await readWorkers(database);
  const holders = await readHolders(database, [...new Set(queued.map((row) => row.pipeline_id))]);
  return new Map(queued.map((row) => [row.id, waitingOf(row, workers, holders.get(laneOf(row)))]));
}

function waitingOf(row: QueuedRow, workers: LivingWorkers, holder: Holder | undefined): Waiting {
  const isFull = workers.full === workers.all;
  if (workers.all === 0) return { kind: 'no_worker' };
  // One that has fallen silent is taken over by who has room.
  if (holder !== undefined && !(holder.isSilent && isFull)) return { kind: 'turn', taskId: holder.id };
  if (isFull) return { kind: 'full', workers: workers.all };
  return row.waiting_for === null ? { kind: 'soon' } : { kind: 'unfit', reason: row.waiting_for };
}

async function readWorkers(database: Database): Promise<LivingWorkers> {
  const { dialect } = database;
  const rows = await database.read<WorkerRow[]>((knex) =>
    knex('worker')
      .whereNull('end_time')
      .select(
        'heartbeat_interval',
        'concurrency',
        'running',
        knex.raw('? AS age', [dialect.secondsSince(knex, 'last_heartbeat')]),
      ),
  );
  const living = rows.filter((row) => !isSilentFor(row.age, row.heartbeat_interval));
  return { all: living.length, full: living.filter((row) => row.running >= row.concurrency).length };
}

/** The newest running tasks of pipelines and their shards, silent ones too: whoever runs is waited for until somebody has ended it. */
async function readHolders(database: Database, pipelineIds: readonly number[]): Promise<ReadonlyMap<string, Holder>> {
  const rows = await database.read<HolderRow[]>((knex) =>
    knex('pipeline_task')
      .whereIn('pipeline_id', [...pipelineIds])
      .where({ status: taskStatus.running })
      .orderBy('id')
      .select('id', 'pipeline_id', 'shard', 'heartbeat_interval')
      .select(knex.raw('? AS age', [silence(database)])),
  );
  return new Map(
    rows.map((row) => [
      laneOf(row),
      // How often one beats that names no interval each process decides for itself.
      { id: row.id, isSilent: isSilentFor(row.age, row.heartbeat_interval ?? Infinity) },
    ]),
  );
}

function laneOf(row: Pick<QueuedRow, 'pipeline_id' | 'shard'>): string {
  return `${row.pipeline_id}/${row.shard}`;
}

interface HolderRow {
  readonly id: number;
  readonly pipeline_id: number;
  readonly shard: number;
  readonly heartbeat_interval: number | null;
  readonly age: number;
}

interface WorkerRow {
  readonly heartbeat_interval: number;
  readonly concurrency: number;
  readonly running: number;
  readonly age: number;
}
