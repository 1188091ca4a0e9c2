import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const heartbeat = guardsOf('src/tasks/run/heartbeat.ts', ['test/tasks/run/heartbeat.test.ts']);
const rounds = guardsOf('src/tasks/run/beat-rounds.ts', ['test/tasks/run/beat-rounds.test.ts']);
const aside = ['test/database/aside-writes.test.ts'];

/** When a run beats, when it stops, and what it does while its database is away. */
export const heartbeatMutants: readonly Mutant[] = [
  heartbeat(
    'stall',
    'a run that hangs falls silent',
    'if (this.isStalled) this.#askIfDue(signal);\n      else await',
    'await',
  ),
  heartbeat(
    'stalled-asks',
    'what hangs asks once an interval whether its task was ended',
    '    void this.#options.rounds.ask();\n',
    '',
  ),
  rounds('stalled-learns', 'and learns it', "      member.settle('lost', { progress: null, sentAt });\n", ''),
  guardsOf('src/database/operations/alert-store.ts', ['test/database/operations/alert-store.test.ts'], '(sqlite)')(
    'alert-ended',
    'nobody is alerted about beats of a task that has ended',
    "if (condition.rule === 'heartbeat_failing' && (await this.#hasEnded(condition.taskId))) return",
    'if (condition.taskId === -1) return',
  ),
  guardsOf('src/runtime/give-up-later.ts', ['test/runtime/give-up-later.test.ts'])(
    'stopped-before',
    'a run that was told to stop before it began drops its calls, too',
    'after === undefined || after.aborted',
    'after === undefined',
  ),
  heartbeat('lost-signal', 'a run whose beat is refused stops', '      this.#lost.abort(this.#failure);\n', ''),
  heartbeat(
    'lost-recover',
    'also where it finds out after an outage',
    '        if (error instanceof LeaseLostError || error instanceof DatabaseUnusableError) throw error;\n',
    '',
  ),
  guardsOf('src/tasks/run/heartbeat.ts', ['test/tasks/run/beat-rounds.test.ts'])(
    'lost-moved',
    'also where no beat of its own is due',
    'if (!this.lost.aborted && !this.#isAway',
    'if (!this.#isAway',
  ),
  guardsOf('src/tasks/run/heartbeat.ts', ['test/tasks/run/beat-rounds.test.ts'])(
    'beat-behind-end',
    'a beat that fails behind the end of its task is no news',
    'if (!this.#hasLeft) ',
    '',
  ),
  heartbeat(
    'unusable-signal',
    'a run whose database is no longer the one that it was stops',
    '      if (result instanceof DatabaseUnusableError) this.#lost.abort(result);\n',
    '',
  ),
  heartbeat(
    'backoff',
    'a run reconnects at least once in an interval',
    'maxMs: intervalMs }',
    'maxMs: 100 * intervalMs }',
  ),
  heartbeat(
    'beat-sent',
    'a beat counts from when it was sent',
    'this.#renewedAt = sentAt;',
    'this.#renewedAt = this.#options.clock.monotonic();',
  ),
  heartbeat(
    'pause',
    'a run whose database is away does nothing until it has renewed its lease',
    '!this.#isAway && !this.#isDue) return nothingToAwait;',
    '!this.#isDue) return nothingToAwait;',
  ),
  heartbeat('pause-is-no-stall', 'which is not hanging', '        this.#stall.paused();\n', ''),
  heartbeat(
    'refuse-to-stall',
    'a database that takes each beat and no commit keeps nobody alive for ever',
    '    this.#refuseToStall(cause);\n',
    '',
  ),
  heartbeat(
    'recover-slower',
    'what fails again and again is tried more slowly',
    'this.#retryMs(this.#recoveries)',
    'this.#retryMs(1)',
  ),
  rounds('round-stall', 'others do not take along a run that hangs', 'isRipe && !isStalled', 'isRipe'),
  rounds('round-ripe', 'others do not take along a run that has just beaten', 'isRipe && !isStalled', '!isStalled'),
  rounds(
    'one-round',
    'beats do not pile up behind one that is late',
    'this.#inTheAir ??= this.#start();',
    'this.#inTheAir = this.#start();',
  ),
  rounds(
    'round-losers',
    'who has lost its lease is told in the same round',
    "return lost.has(taskId) ? 'lost' : 'landed';",
    "return lost.has(taskId) ? 'landed' : 'landed';",
  ),
  rounds(
    'round-anew',
    'a task whose id this process was given again has lost it',
    'if (before !== undefined && before !== member) {',
    'if (before === member) {',
  ),
  rounds('round-leave', 'and beats no more', "      if (result === 'lost') this.leave(member);\n", ''),
  rounds(
    'round-early',
    'processes that start together do not beat together',
    '(options.random ?? Math.random)() / 2',
    '0',
  ),
  guardsOf('src/database/drivers/sqlite/sqlite-script-runner.ts', aside)(
    'aside-lock',
    'a report waits for no lock while a beat stands behind it',
    "    connection.pragma('busy_timeout = 0');\n",
    '',
  ),
  guardsOf('src/database/drivers/mysql/open-mysql.ts', aside)(
    'aside-way',
    'nor does it go the way of the commits of a server',
    'reads.raw(sql, [...bindings]),\n    schema',
    'scripts.run([{ sql, bindings }]),\n    schema',
  ),
];
