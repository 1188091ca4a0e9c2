import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const store = guardsOf(
  'src/database/events/rewind-store.ts',
  ['test/database/events/rewind-store.test.ts'],
  '(sqlite)',
);
const rewind = guardsOf(
  'src/tasks/rewind/rewind-pipeline.ts',
  ['test/tasks/rewind/rewind-pipeline.test.ts'],
  '(sqlite)',
);
const block = guardsOf('src/tasks/rewind/rewind-block.ts', ['test/tasks/rewind/rewind-pipeline.test.ts'], '(sqlite)');
const parked = guardsOf('src/tasks/lease/parked.ts', ['test/tasks/lease/parked.test.ts'], '(sqlite)');
const repair = guardsOf(
  'src/database/events/repair-store.ts',
  ['test/database/events/repair-store.test.ts'],
  '(sqlite)',
);
const sure = guardsOf('src/chain/logs/sure-blocks.ts', ['test/chain/logs/sure-blocks.test.ts']);
const witness = guardsOf('src/chain/logs/block-witnesses.ts', ['test/components/event-monitor/verify-heads.test.ts']);

/** What a person takes back or puts right, beside runs that go on. */
export const rewindMutants: readonly Mutant[] = [
  store(
    'rewind-version',
    'a rewind builds on the checkpoint that it was decided on',
    '.where({ pipeline_id: pipelineId, version: step.version })',
    '.where({ pipeline_id: pipelineId })',
  ),
  store('rewind-holder', 'and on its holder', "      .whereRaw(dialect.sameAs(knex, 'task_id', step.holder))\n", ''),
  store('rewind-fence', 'or writes nothing', 'this.#database.fenced(checkpoint),', 'checkpoint,'),
  store(
    'rewind-frees',
    'the last step leaves a checkpoint that names nobody',
    '...(step.ends === null ? {} : { task_id: null }),',
    '',
  ),
  rewind(
    'rewind-living',
    'a pipeline that is run is not rewound',
    'newest?.status === taskStatus.running ? judgeHolder(newest, claim) : null;',
    'null;',
  ),
  rewind(
    'rewind-down',
    'a rewind never moves the checkpoint up',
    'return border.number < blockNumber ? border : { number: blockNumber, hash: blockHash };',
    'return border.number < 0 ? { number: blockNumber, hash: blockHash } : border;',
  ),
  block(
    'rewind-rows',
    'rows that are kept are of the chain',
    'if (await stands(kept, first, newest, headerOf)) {',
    'if (header !== null) {',
  ),
  block(
    'rewind-lag',
    'a node that lags names no block to go back to',
    'if (await stands(kept, first, newest, headerOf)) {',
    'if (header !== null && (await stands(kept, first, newest, headerOf))) {',
  ),
  parked(
    'parked-holder',
    'a pipeline is parked as long as its checkpoint names the task',
    ' || checkpoint?.taskId !== newest.id',
    '',
  ),
  repair('repair-fence', 'a repair holds the checkpoint', 'this.#database.fenced(checkpoint),', 'checkpoint,'),
  repair('repair-block', 'only blocks up to the checkpoint are repaired', ".where('block_number', '>=', block)", ''),
  repair(
    'repair-version',
    'blocks that may be replaced are repaired as the run remembers them',
    'if (!isSettled)',
    'if (version < 0)',
  ),
  repair('repair-since', 'or as their own rows were compared', '.whereNotExists(since)', ''),
  repair('repair-hash', 'a block of another branch is another block', '.whereNotExists(another)', ''),
  repair('repair-stands', 'so is that of the checkpoint', '.orWhere({ hash: looked })', ".orWhereNot('version', 0)"),
  repair('repair-forgotten', 'as far back as the journal goes', 'version + keptCommits - 1', 'Number.MAX_SAFE_INTEGER'),
  sure(
    'sure-hollow',
    'an answer without logs is not believed against the bloom filter',
    "agree && !isHollow ? 'agreement' : null",
    "agree ? 'agreement' : null",
  ),
  sure('sure-root', 'receipts prove what gives their root', 'if (isProven()) return reading;', 'return reading;'),
  witness(
    'witness-pair',
    'only what two endpoints tell is believed',
    'told.slice(index + 1).some(',
    'told.slice(index).some(',
  ),
];
