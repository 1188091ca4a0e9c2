import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const claims = guardsOf('src/database/tasks/claim-steps.ts', ['test/database/tasks/task-store.test.ts'], '(sqlite)');
const store = guardsOf('src/database/tasks/task-store.ts', ['test/database/tasks/task-store.test.ts'], '(sqlite)');
const running = guardsOf(
  'src/database/task-steps/running-task.ts',
  ['test/database/tasks/task-store.test.ts'],
  '(sqlite)',
);
const ending = guardsOf(
  'src/database/task-steps/end-replaced.ts',
  ['test/database/tasks/task-store.test.ts'],
  '(sqlite)',
);
const silence = guardsOf('src/database/task-steps/silence.ts', ['test/database/tasks/task-store.test.ts'], '(sqlite)');
const together = guardsOf('src/tasks/run/together.ts', ['test/tasks/run/claim-rounds.test.ts'], '(sqlite)');
const claim = guardsOf('src/tasks/lease/claim-task.ts', ['test/tasks/lease/claim-task.test.ts'], '(sqlite)');
const finish = guardsOf('src/tasks/run/finish-task.ts', ['test/tasks/run/run-task.test.ts'], '(mariadb)');
const run = guardsOf('src/tasks/run/run-task.ts', ['test/tasks/run/run-task.test.ts'], '(sqlite)');
const queue = guardsOf(
  'src/database/task-steps/queue-task.ts',
  ['test/database/task-steps/queue-task.test.ts'],
  '(sqlite)',
);
const names = guardsOf(
  'src/database/pipelines/pipeline-store.ts',
  ['test/database/pipelines/pipeline-store.test.ts'],
  '(sqlite)',
);
// One process takes turns at SQLite.
const racing = guardsOf(
  'src/database/pipelines/pipeline-store.ts',
  ['test/database/pipelines/pipeline-store.test.ts'],
  '(mariadb)',
);
const settings = guardsOf('src/settings/settings.ts', ['test/settings/settings.test.ts']);

/** Who has a pipeline, and when a task ends. */
export const leaseMutants: readonly Mutant[] = [
  store(
    'renew-status',
    'a beat renews only a running task',
    "const running = this.#running().whereIn('id', ids);",
    "const running = knex(table).whereIn('id', ids);",
  ),
  running(
    'holder-name',
    'a task that another process was given under the same id is not ours',
    '{ worker: holder.name, worker_identity: holder.identity }',
    '{ worker_identity: holder.identity }',
  ),
  running(
    'holder-identity',
    'nor one that a later process with the same pid was given',
    '{ worker: holder.name, worker_identity: holder.identity }',
    '{ worker: holder.name }',
  ),
  store(
    'holder-beat',
    'beats and ends are for what this process holds',
    'return runningTask(this.#database, this.#holder);',
    'return runningTask(this.#database, null);',
  ),
  store(
    'renew-losers',
    'those of many beats that are lost are found',
    'return matched === ordered.length ? [] : this.#findLost(ordered.map(({ taskId }) => taskId));',
    'return matched === 0 ? this.#findLost(ordered.map(({ taskId }) => taskId)) : [];',
  ),
  store(
    'losers-status',
    'only a running task counts as found',
    'this.#running().where({ id }).update({ last_heartbeat: now });',
    'knex(table).where({ id }).update({ last_heartbeat: now });',
  ),
  store(
    'finish-status',
    'a run ends its task only if that runs',
    'const ending = this.#running().where({ id });\n    const end =',
    'const ending = this.#database.knex(table).where({ id });\n    const end =',
  ),
  store(
    'cancel-open',
    'a person ends only what has not ended',
    "knex(table).where({ id }).whereIn('status', [taskStatus.running, taskStatus.queued]);",
    'knex(table).where({ id });',
  ),
  ending(
    'claim-running',
    'a claim ends the old task only if that still runs',
    "knex('pipeline_task').where({ id: replaced.taskId, status: taskStatus.running });",
    "knex('pipeline_task').where({ id: replaced.taskId });",
  ),
  ending(
    'claim-fence',
    'and fails where it could not end it',
    '[database.fenced(newest.update(ended)), older',
    '[newest.update(ended), older',
  ),
  ending(
    'claim-silent',
    'a claim for silence fails where the old task has beaten since',
    'if (replaced.silentForSeconds !== null) void',
    'if (replaced.silentForSeconds === undefined) void',
  ),
  silence(
    'claim-creation',
    'a task that never beat is judged by its creation',
    "'COALESCE(?, ?)'",
    "'COALESCE(?, 0 * ?)'",
  ),
  claims(
    'claim-holder',
    'a claim finds the holder that it has read',
    '.where({ pipeline_id: pipelineId }).whereRaw(isNamed)',
    '.where({ pipeline_id: pipelineId })',
  ),
  claims(
    'claim-holder-fence',
    'or writes nothing',
    'database.fenced(nameTask(database, request))',
    'nameTask(database, request)',
  ),
  together(
    'claim-together',
    'of claims that go together, those that can be had are had though one can not',
    'if (error instanceof FenceError && round.length > 1)',
    'if (error instanceof FenceError && round.length > 99)',
  ),
  ending(
    'claim-older',
    'a claim ends older tasks that still seem to run',
    'database.fenced(newest.update(ended)), older.update(ended)]',
    'database.fenced(newest.update(ended))]',
  ),
  claim(
    'claim-alive',
    'a holder that beats keeps the pipeline',
    'if (isSilenceKnown && isSilentFor(task.silentSeconds, intervalSeconds)) {',
    'if (task.silentSeconds >= 0) {',
  ),
  claim(
    'claim-interval',
    'a holder is judged by its own interval',
    'const intervalSeconds = task.heartbeatInterval ?? options.heartbeatIntervalSeconds;',
    'const intervalSeconds = options.heartbeatIntervalSeconds;',
  ),
  claim(
    'claim-again',
    'a claim that was overtaken looks again',
    'if (!(error instanceof FenceError) || attempt >= attempts) throw error;',
    'throw error;',
  ),
  finish(
    'finish-lookup',
    'an end whose answer was lost is looked up',
    'if (finished || isOurs(task, parts, outcome)) return task;',
    'if (finished) return task;',
  ),
  finish(
    'finish-waits',
    'an end is sent again until the database is back',
    'if (!(error instanceof DatabaseUnreachableError)) throw error;',
    'throw error;',
  ),
  guardsOf('src/tasks/run/finish-task.ts', ['test/tasks/run/run-task.test.ts'], '(sqlite)')(
    'finish-lost',
    'a run that somebody else has ended is lost, not completed',
    'if (finished || isOurs(task, parts, outcome)) return task;',
    'return task;',
  ),
  guardsOf('src/tasks/run/finish-task.ts', ['test/tasks/run/run-task.test.ts'], '(sqlite)')(
    'finish-holder',
    'an end that another process made under the same id is not ours',
    'return isHeldBy(task, worker) && task.status',
    'return task.status',
  ),
  run(
    'holder-of-run',
    'a run holds what it claims as this process',
    'const tasks = new TaskStore(database, worker);',
    'const tasks = new TaskStore(database);',
  ),
  run('lost-aborts', 'a lost lease drops the calls in the air', '[signal, this.#parts.heartbeat.lost]', '[signal]'),
  queue(
    'queued-once',
    'a pipeline is queued once',
    '.where({ id: pipelineId }).whereNotExists(queued)',
    '.where({ id: pipelineId })',
  ),
  racing(
    'name-once',
    'a name is given once where many ask for it at one time',
    'const key = other === undefined ? nameKey(name) : null;',
    'const key = null;',
  ),
  names(
    'name-taken',
    'also where the one that has it is an older program’s',
    'if (other !== undefined && !keepsName) throw nameTaken(other);',
    'if (other === null && !keepsName) throw nameTaken(other);',
  ),
  settings(
    'timeout-setting',
    'a timeout under three intervals is refused',
    'const isShort = taskTimeoutMinutes * 60 < silenceLimit(heartbeatIntervalSeconds);',
    'const isShort = taskTimeoutMinutes < 0;',
  ),
];
