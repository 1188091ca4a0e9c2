import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const store = guardsOf('src/database/events/batch-store.ts', ['test/database/events/batch-store.test.ts'], '(sqlite)');
const commit = guardsOf('src/pipeline/commit.ts', ['test/pipeline/commit.test.ts'], '(sqlite)');
const journal = ['test/database/events/journal.test.ts'];
const kept = guardsOf('src/database/events/journal.ts', journal, '(sqlite)');
const pairs = guardsOf('src/database/events/row-comparison.ts', journal, '(sqlite)');
const told = guardsOf('src/database/events/difference.ts', journal, '(sqlite)');
const prune = guardsOf(
  'src/database/events/prune-journal.ts',
  ['test/database/events/prune-journal.test.ts'],
  '(sqlite)',
);
const watched = guardsOf('src/database/events/row-watch.ts', ['test/database/events/row-watch.test.ts'], '(sqlite)');
const execute = guardsOf('src/pipeline/execute-pipeline.ts', ['test/pipeline/execute-pipeline.test.ts'], '(sqlite)');

const held = guardsOf('src/pipeline/hold-empty.ts', ['test/pipeline/hold-empty.test.ts']);

const checkpointFence = '.where({ pipeline_id: guard.pipelineId, task_id: guard.taskId, version: guard.version })';

/** What a commit compares, and what becomes of one whose answer was lost. */
export const commitMutants: readonly Mutant[] = [
  commit(
    'set-back',
    'a database that was set back is not gone on with as if nothing had been told',
    'this.#parts.known.read(now);',
    '',
  ),
  execute(
    'set-back-between',
    'nor where it was so between two pieces of a run',
    'execution.known.read(start.checkpoint);',
    '',
  ),
  store(
    'commit-status',
    'only a running task commits',
    'runningTask(this.#database, this.#holder)',
    "this.#database.knex('pipeline_task')",
  ),
  store(
    'commit-holder',
    'and only for the process that holds it',
    'runningTask(this.#database, this.#holder)',
    'runningTask(this.#database, null)',
  ),
  store(
    'commit-status-fence',
    'a task that does not run rolls the commit back',
    'this.#database.fenced(\n        runningTask(this.#database',
    '(\n        runningTask(this.#database',
  ),
  store(
    'commit-renewal',
    'a commit renews the lease',
    '.update({ last_heartbeat: now, progress: JSON.stringify(progress), ...begun })',
    '.update({ progress: JSON.stringify(progress), ...begun })',
  ),
  store(
    'commit-task',
    'only the task commits that the checkpoint names',
    checkpointFence,
    '.where({ pipeline_id: guard.pipelineId, version: guard.version })',
  ),
  store(
    'commit-version',
    'a commit that arrives twice, or late, matches nothing',
    checkpointFence,
    '.where({ pipeline_id: guard.pipelineId, task_id: guard.taskId })',
  ),
  store(
    'commit-checkpoint-fence',
    'a checkpoint that is another’s, or elsewhere, rolls the commit back',
    "this.#database.fenced(\n        knex('pipeline_checkpoint')",
    "(\n        knex('pipeline_checkpoint')",
  ),
  commit(
    'recover-first',
    'the lease is renewed before a commit is sent again',
    '        await lease.recover(error, signal);\n',
    '',
  ),
  commit('look-up', 'a commit whose answer was lost is looked up', 'if (await this.#landed(to)) return;', 'return;'),
  commit(
    'look-up-version',
    'it has landed only where the version says so',
    'if (now.version === this.#version) return false;',
    'if (now.version < 0) return false;',
  ),
  commit(
    'look-up-task',
    'a checkpoint that names another task is a lost lease',
    'if (now.taskId !== lease.taskId) {',
    'if (now.taskId !== lease.taskId) return true;\n    if (now.taskId === -1) {',
  ),
  commit('look-up-block', 'and the block is the same', ' || now.blockHash !== to.hash', ''),
  commit('look-up-journal', 'and the journal says that a commit has moved it', 'change === null ||', ''),
  commit(
    'begins-anew',
    'a run that begins anew takes nothing over, also right behind the checkpoint',
    '!isAfresh && ',
    '',
  ),
  execute('fresh-anew', 'which is one with --fresh', 'beginsElsewhere(run) ? run : undefined', 'undefined'),
  commit(
    'behind-repairs',
    'repairs of others are gone on from',
    "if (change === 'repair' && ",
    "if (change === 'rollback' && ",
  ),
  store(
    'prepared-version',
    'rows are stored with the version of their commit',
    'fits && prepared.added === origin.added ?',
    'fits ?',
  ),
  kept('kept-removed', 'what goes is kept for sinks', 'keepRemoved(database, pipelineId, which), ', ''),
  kept('kept-only-for-sinks', 'and only for them', '.whereExists(isKept)', ''),
  kept('kept-for-sinks', 'as the claim says', 'keeps_removed: 1', 'claim: 0'),
  pairs(
    'right-rows-stay',
    'rows that are right are not touched',
    'if (isRight) this.#right.add(expected.item);',
    'if (isRight) this.#go(stored.item);',
  ),
  pairs('stretch-ends', 'a row that is right ends a stretch of those that go', 'this.#lastGoes && stretch', 'stretch'),
  told(
    'seen-where-it-is',
    'what goes while a difference is read is seen where it is now',
    '[...there, ...gone]',
    'there',
  ),
  told('not-yet-removed', 'what went later was there', ".where('removed', '>', versions.to)", ''),
  told('was-there', 'what came and went between two versions is not told', ".where('added', '<=', versions.from)", ''),
  prune(
    'prune-undelivered',
    'what a sink has yet to deliver stays',
    'await deliveredVersion(database, pipelineId)',
    'Infinity',
  ),
  watched(
    'taken-back-behind',
    'what was read before is still so when the next page is read',
    'if (await this.#finds(touching)) return false;',
    '',
  ),
  watched(
    'appended-behind',
    'blocks that are appended disturb nobody who reads below them',
    ".where('from_block', '<=', last.block_number)",
    '',
  ),
  watched(
    'forgotten-behind',
    'what the journal has forgotten is judged by the hash of a block',
    ' || (await this.#isOfTheSameChain(last))',
    ' || true',
  ),
  execute(
    'restart-behind',
    'a source that starts again continues behind the checkpoint',
    "if (['events', 'rollback'].includes(commit.message.kind)) run = readOn(run);",
    '',
  ),
  execute(
    'restart',
    'a checkpoint that moved is read again',
    'if (!(error instanceof CheckpointMovedError)) throw error;',
    'throw error;',
  ),
  held(
    'held-first',
    'the first batch of a run is committed at once: until then the pipeline stands nowhere',
    '(hasBegun ? holdMs() : 0)',
    'holdMs()',
  ),
  held(
    'held-joined',
    'only what follows on blocks that are held back is joined with them',
    ' || message.fromBlock !== held.toBlock + 1) return null;',
    ') return null;',
  ),
  held(
    'held-long',
    'nothing is held back for longer than it may',
    'yield held;\n        held = letGo();\n        continue;',
    'held = letGo();\n        continue;',
  ),
];
