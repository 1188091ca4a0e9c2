import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const store = guardsOf(
  'src/database/tasks/timeout-store.ts',
  ['test/database/tasks/timeout-store.test.ts'],
  '(sqlite)',
);
const silence = guardsOf(
  'src/database/task-steps/silence.ts',
  ['test/database/tasks/timeout-store.test.ts'],
  '(sqlite)',
);
const checkTest = ['test/tasks/monitor/timeout-check.test.ts'];
const check = guardsOf('src/tasks/monitor/timeout-check.ts', checkTest, '(sqlite)');
const lockedCheck = guardsOf('src/tasks/monitor/timeout-check.ts', checkTest, '(mariadb)');

/** By what a task is judged, and until when. */
export const timeoutMutants: readonly Mutant[] = [
  store(
    'timeout-status',
    'only a running task is failed',
    '.where({ status: taskStatus.running })\n      .whereRaw(isSilentOver',
    '.whereRaw(isSilentOver',
  ),
  store(
    'timeout-deadline',
    'a statement that is run late matches nothing',
    "      .whereRaw('? <= ?', [dialect.liveNow(knex), verdict.deadline])\n",
    '',
  ),
  store(
    'timeout-silent',
    'silence is judged anew when the row is had',
    "this.#silent(knex('pipeline_task').whereIn('id', ids), verdict.rule)\n",
    "knex('pipeline_task').where({ status: taskStatus.running }).whereIn('id', ids)\n",
  ),
  store(
    'timeout-heard',
    'and whether the task could be heard for three of its own intervals',
    '\n      .where((heard) => this.#couldBeHeard(heard, verdict))',
    '',
  ),
  store(
    'timeout-floor',
    'no task is failed under three of its intervals',
    '\n      .whereRaw(isSilentSql(this.#database, rule.heartbeatIntervalSeconds))',
    '',
  ),
  store(
    'timeout-own',
    'a task’s own timeout beats the setting',
    'COALESCE(ROUND(timeout_minutes * 60000) / 1000, ?)',
    '?',
  ),
  silence('timeout-surely', 'whole seconds may read one too many', "'? >= ? + 1'", "'? >= ?'"),
  silence(
    'timeout-creation',
    'a task that never beat is judged by its creation',
    "'COALESCE(?, ?)'",
    "'COALESCE(?, 0 * ?)'",
  ),
  store(
    'list-creation',
    'and is listed by it',
    "void never.whereNull('last_heartbeat').whereRaw(fits('create_time'));",
    "void never.whereRaw('1 = 0');",
  ),
  store(
    'timeout-reason',
    'a monitor knows those that it failed by the reason',
    "{ status: taskStatus.failed, end_reason: 'timeout', error: reason }",
    "{ status: taskStatus.failed, end_reason: 'timeout' }",
  ),
  store(
    'timeout-lost-answer',
    'whom it failed is looked up where the answer was lost',
    'this.#unanswered = { ids, reason: verdict.reason };',
    'this.#unanswered = null;',
  ),
  store(
    'heartbeat-ahead',
    'a heartbeat of the future is taken back',
    'if (rows.length === 0) return [];',
    'if (rows.length >= 0) return [];',
  ),
  store('heartbeat-ahead-foreign', 'but not that of an older program', ".whereNotNull('heartbeat_interval');", ';'),
  lockedCheck(
    'pass-over',
    'a locked row is passed over',
    'new Set(await check.store.unlocked(silent.map(({ id }) => id)))',
    'new Set(silent.map(({ id }) => id))',
  ),
  lockedCheck(
    'look-twice',
    'but looked at twice',
    'for (const task of await failUnlocked(check, passedOver, trust)) tellLocked(check.logger, task);',
    'for (const task of passedOver) tellLocked(check.logger, task);',
  ),
  check(
    'trust-anew',
    'each statement asks anew whether anybody may be judged',
    'for (let afterId = 0; ;) {',
    'const given = await check.trust();\n  check = { ...check, trust: () => Promise.resolve(given) };\n  for (let afterId = 0; ;) {',
  ),
  check(
    'deadline-seconds',
    'a deadline is seconds away',
    'const longestDeadlineSeconds = 5;',
    'const longestDeadlineSeconds = 5_000;',
  ),
  check(
    'take-lost',
    'a check begins with those that the last one failed without knowing',
    'of await check.store.takeLost()) noteFailed(check, task);',
    'of [] as Task[]) noteFailed(check, task);',
  ),
];
