import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const scriptTest = ['test/database/script.test.ts'];
const mysqlRunner = 'src/database/drivers/mysql/mysql-script-runner.ts';
const packets = guardsOf('src/database/drivers/mysql/mysql-script.ts', [
  'test/database/drivers/mysql/mysql-script.test.ts',
]);
const sqlite = guardsOf('src/database/drivers/sqlite/sqlite-script-runner.ts', scriptTest, '(sqlite)');
const session = guardsOf(
  'src/database/drivers/mysql/mysql-connection.ts',
  ['test/database/session.test.ts'],
  '(mariadb)',
);
const writer = guardsOf('src/database/drivers/sqlite/sqlite-writer-process.ts', [
  'test/database/drivers/sqlite/sqlite-writer-process.test.ts',
]);

/** What keeps a script whole, fenced, in time, and out of others' way. */
export const sqlMutants: readonly Mutant[] = [
  guardsOf('src/database/database-timezone.ts', ['test/database/schema/timezone.test.ts'])(
    'other-timezone',
    'who is set to another time zone than the database has is refused',
    'if (this.#set !== undefined && this.#set !== stored) {',
    "if (this.#set === '') {",
  ),
  guardsOf('src/database/schema/migrator.ts', ['test/database/schema/migrator.test.ts'])(
    'newer-schema',
    'a schema that is newer is neither used nor taken back',
    'if (unknown.length === 0) return;',
    'if (unknown.length >= 0) return;',
  ),
  guardsOf('src/database/drivers/mysql/mysql-script.ts', scriptTest, '(mariadb)')(
    'mysql-fence',
    'MySQL judges a fence behind its statement',
    'outOfRangeUnless(`ROW_COUNT() = ${rows}`)',
    "outOfRangeUnless('TRUE')",
  ),
  sqlite(
    'sqlite-fence',
    'so does SQLite’s runner',
    'if (fenced !== null && changes !== fenced) throw new FenceError();',
    '',
  ),
  sqlite(
    'sqlite-transaction',
    'a script is one transaction',
    'connection.transaction(() => steps.map((step) => this.#runStep(step))).immediate();',
    'steps.map((step) => this.#runStep(step));',
  ),
  packets(
    'mysql-transaction',
    'on MySQL too',
    '[...begin.map(plain), ...pieces, ...commit.map(plain)]',
    '[plain(byItself), ...pieces]',
  ),
  packets(
    'packets-in-time',
    'where there are more, MySQL does not wait for ever for the next',
    'pack([plain(expectPackets), ...inTransaction([...pieces, plain(expectNothing)])], maxBytes)',
    'pack(inTransaction(pieces), maxBytes)',
  ),
  packets('one-packet', 'and one packet', 'if (length + bytes > maxBytes) {', 'if (length > 0) {'),
  guardsOf(mysqlRunner, scriptTest, '(mariadb)')(
    'rollback',
    'what a broken packet left open is rolled back',
    '`ROLLBACK;${expectNothing};${noteClock}`',
    'noteClock',
  ),
  guardsOf('src/database/open/knex-database.ts', ['test/database/drivers/mysql/met-duplicates.test.ts'], '(mariadb)')(
    'mysql-met-duplicate',
    'a row that is there already may be that of a script which Galera let win',
    "new Set(['contention', 'duplicate'])",
    "new Set(['contention'])",
  ),
  guardsOf(mysqlRunner, ['test/database/drivers/mysql/late-packet.test.ts'])(
    'late-packet',
    'a server that was frozen refuses what its sender has given up',
    '[refuseLate(allowedMs), noteClock, ...statements]',
    "['DO 0', noteClock, ...statements]",
  ),
  guardsOf('src/database/drivers/answer-in-time.ts', ['test/database/lost-connections.test.ts'], 'within the timeout')(
    'statement-timeout',
    'a server that says nothing counts as away',
    'const silence = clock.sleep(timeoutMs, done.signal).then(',
    'const silence = clock.sleep(timeoutMs + 1e8, done.signal).then(',
  ),
  guardsOf('src/database/open/knex-database.ts', ['test/database/urgent-writes.test.ts'])(
    'urgent-writes',
    'a beat never waits behind another script',
    'this.driver.urgentScripts.run(',
    'this.driver.scripts.run(',
  ),
  guardsOf('src/database/drivers/mysql/open-mysql.ts', ['test/database/urgent-writes.test.ts'])(
    'beat-timeout',
    'a beat is given up sooner than a big commit',
    'timeoutMs: settings.beatTimeoutMs ?? timeoutMs',
    'timeoutMs',
  ),
  session(
    'idle-transaction',
    'MariaDB ends a transaction whose client froze in it',
    ' /*M!100300 , idle_write_transaction_timeout = 5 */',
    '',
  ),
  guardsOf('src/database/drivers/mysql/mysql-connection.ts', ['test/database/odd-servers.test.ts'], 'end a literal')(
    'session-mode',
    'no mode of a server lets a text end its literal',
    ", sql_mode = '${mode}'",
    '',
  ),
  session('lock-wait', 'nobody waits long for a lock', 'innodb_lock_wait_timeout = 3', 'innodb_lock_wait_timeout = 50'),
  guardsOf('src/database/drivers/sqlite/open-sqlite.ts', ['test/database/frozen-writer.test.ts'], '(sqlite)')(
    'sqlite-writer',
    'SQLite’s writes of a run happen in a process of their own',
    'if (timeoutMs === undefined) {',
    'if (timeoutMs !== 0) {',
  ),
  writer(
    'writer-timeout',
    'a writer that hangs is killed',
    '+ this.#timeoutMs - this.#clock.monotonic();',
    '+ this.#timeoutMs;',
  ),
  writer(
    'writer-busy',
    'a writer that is busy with other scripts is not killed',
    'Math.max(sentAt, this.#heardAt)',
    'sentAt',
  ),
  writer(
    'writer-urgent',
    'a beat goes before all that waits for SQLite’s writer',
    'if (isUrgent) this.#sendNow(writer, [next], true); else writer.queue.push(next);',
    'writer.queue.push(next);',
  ),
  guardsOf('src/database/drivers/sqlite/sqlite-writer.ts', [
    'test/database/drivers/sqlite/sqlite-writer-process.test.ts',
  ])(
    'writer-signals',
    'a signal that is meant for its parent does not end the writer',
    "process.on('SIGTERM', () => undefined);",
    '',
  ),
  guardsOf('src/database/drivers/mysql/mysql-dialect.ts', ['test/database/tasks/timeout-store.test.ts'], '(mariadb)')(
    'live-now',
    'a deadline is compared when the row is had, not when the statement began',
    "knex.raw('SYSDATE()')",
    "knex.raw('NOW()')",
  ),
  guardsOf('src/database/drivers/mysql/mysql-dialect.ts', ['test/database/tasks/timeout-store.test.ts'], '(mariadb)')(
    'skip-locked',
    'rows that somebody has locked are left out',
    'query.forUpdate().skipLocked()',
    'query',
  ),
];
