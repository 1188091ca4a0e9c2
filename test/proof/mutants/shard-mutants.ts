import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const tests = ['test/database/events/shard-store.test.ts'];
const store = guardsOf('src/database/events/shard-store.ts', tests, '(sqlite)');
const rows = guardsOf('src/database/events/joined-rows.ts', tests, '(sqlite)');
const changed = guardsOf('src/database/events/changed-blocks.ts', ['test/database/events/journal.test.ts'], '(sqlite)');

/** Who has a shard, and when what it has read counts. */
export const shardMutants: readonly Mutant[] = [
  store(
    'shard-holder',
    'only who holds a shard commits',
    'task_id: taskId, version, dropped: 0 });',
    'version, dropped: 0 });',
  ),
  store(
    'shard-process',
    'for the process that holds its task',
    'return runningTask(this.#database, this.#holder)',
    'return runningTask(this.#database, null)',
  ),
  store('shard-drop-fence', 'who has lost the pipeline gives no shard up', '      ...owner,\n', ''),
  store('shard-fence', 'or writes nothing', 'this.#database.fenced(moved), ...inserts', 'moved, ...inserts'),
  store(
    'shard-order',
    'a shard joins right behind the checkpoint',
    '.where({ block_number: after.number, hash: toBytes(after.hash) })',
    '',
  ),
  store(
    'shard-seen',
    'and only as it was looked at',
    '.where({ pipeline_id: pipelineId, shard: number, version: shard.version, dropped: 0 })',
    '.where({ pipeline_id: pipelineId, shard: number, dropped: 0 })',
  ),
  store(
    'shard-lease',
    'and only while its pipeline is held',
    'this.#database.fenced(checkpoint),\n            knex',
    'checkpoint,\n            knex',
  ),
  store(
    'shard-leap',
    'the journal says that no version is missing before a join',
    "knex('pipeline_commit').insert({ ...leap, from_block: change.fromBlock, to_block: change.toBlock }),",
    '',
  ),
  rows(
    'shard-unseen',
    'rows of a shard are not seen before it joins',
    "return rows.where('block_number', '<=', last);",
    'return last === null ? rows : rows;',
  ),
  changed(
    'shard-gap',
    'what was forgotten of the journal is noticed',
    '(await isKept(database, pipelineId, from + 1)) ? ranges : everything',
    'ranges',
  ),
];
