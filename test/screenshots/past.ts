import type { Database } from '../../src/database/database.js';

/** A task that ended within the last day. */
interface PastTask {
  readonly pipeline: number;
  /** Hours ago: when it began, gave its last sign of life, and ended. */
  readonly began: number;
  readonly silentSince?: number;
  readonly ended: number;
  readonly why: 'completed' | 'stopped' | 'timeout' | 'chain_unreachable';
  readonly events: number;
}

const tasks: readonly PastTask[] = [
  { pipeline: 45, began: 30, ended: 14.1, why: 'stopped', events: 212_480 },
  { pipeline: 47, began: 26, ended: 15.2, why: 'chain_unreachable', events: 98_112 },
  { pipeline: 46, began: 21.8, ended: 0.3, why: 'stopped', events: 419_658 },
  { pipeline: 47, began: 15.1, ended: 6.9, why: 'stopped', events: 141_006 },
  { pipeline: 45, began: 14.1, silentSince: 6.6, ended: 5.6, why: 'timeout', events: 187_334 },
  { pipeline: 48, began: 10.2, ended: 7.2, why: 'completed', events: 4_083 },
  { pipeline: 47, began: 6.7, ended: 0.3, why: 'stopped', events: 88_270 },
  { pipeline: 45, began: 5.5, ended: 0.3, why: 'stopped', events: 120_945 },
  { pipeline: 49, began: 3.5, ended: 2.4, why: 'completed', events: 301_550 },
  { pipeline: 49, began: 1.4, silentSince: 1.1, ended: 0.8, why: 'timeout', events: 447_027 },
];

const reorganisations = [
  { pipeline: 46, hoursAgo: 11.9, blocks: 2 },
  { pipeline: 46, hoursAgo: 3.9, blocks: 1 },
  { pipeline: 45, hoursAgo: 1.7, blocks: 3 },
];

/** Gives the pipelines a day that has passed. */
export async function writePast(database: Database): Promise<void> {
  const { knex } = database;
  const ago = (hours: number): unknown => knex.raw("datetime('now', ?)", [`${-Math.round(hours * 3_600)} seconds`]);
  for (const { pipeline, began, silentSince, ended, why, events } of tasks) {
    const isGood = why === 'completed' || why === 'stopped';
    const progress = { mode: 'realtime', nextBlock: 700, targetBlock: null, headBlock: 699, events };
    const row = {
      pipeline_id: pipeline,
      create_time: ago(began),
      last_heartbeat: ago(silentSince ?? ended),
      end_time: ago(ended),
      status: isGood ? 1 : 2,
      end_reason: why,
      error: isGood ? null : why,
      progress: JSON.stringify(progress),
      ...{ log_path: '', heartbeat_interval: 2 },
    };
    await database.write([knex('pipeline_task').insert(row)]);
  }
  for (const { pipeline, hoursAgo, blocks } of reorganisations) {
    const row = { pipeline_id: pipeline, task_id: 1, create_time: ago(hoursAgo), ancestor_block: 600, blocks };
    await database.write([knex('reorg').insert(row)]);
  }
}
