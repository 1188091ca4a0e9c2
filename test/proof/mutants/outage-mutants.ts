import { guardsOf } from './mutant.js';
import type { Mutant } from './mutant.js';

const watchTest = 'test/tasks/monitor/outage-watch.test.ts';
const outagesTest = 'test/tasks/monitor/timeout-monitor-outages.test.ts';
const watch = guardsOf('src/tasks/monitor/outage-watch.ts', [watchTest]);
const monitor = guardsOf('src/tasks/monitor/timeout-monitor.ts', [
  outagesTest,
  'test/tasks/monitor/timeout-monitor.test.ts',
]);
const ahead = 'test/runtime/silence.test.ts';
const aliveMonitor = guardsOf('src/model/monitor.ts', [ahead]);
const aliveWorker = guardsOf('src/model/worker.ts', [ahead]);
const keeping = guardsOf('src/tasks/fleet/keep-running.ts', ['test/tasks/fleet/keep-running.test.ts']);
const taking = guardsOf('src/tasks/fleet/queue-worker.ts', ['test/tasks/fleet/queue-worker.test.ts']);
const shards = guardsOf('src/tasks/shards/own-shards.ts', ['test/tasks/shards/own-shards.test.ts']);
const runAlerts = guardsOf('src/tasks/alerts/run-alerts.ts', ['test/tasks/alerts/run-alerts.test.ts']);
const claims = guardsOf('src/tasks/lease/claim-task.ts', ['test/tasks/lease/claim-task.test.ts'], '(sqlite)');
const claimable = guardsOf('src/database/tasks/task-queue.ts', ['test/database/tasks/task-queue.test.ts'], '(sqlite)');
const due = guardsOf('src/database/task-steps/wanted-steps.ts', ['test/database/pipelines/wanted-store.test.ts']);

/** When silence means nothing, nor does a sign of life. */
export const outageMutants: readonly Mutant[] = [
  watch(
    'wait',
    'living runs are heard within three intervals',
    'this.#waitMs = silenceLimit(heartbeatIntervalMs);',
    'this.#waitMs = 0;',
  ),
  watch(
    'wait-back',
    'a probe that failed is an outage',
    "if (wasAway) return this.#distrust('the database came back');",
    '',
  ),
  watch(
    'wait-slow',
    'so is one that was answered slowly',
    'if (tookMs > tolerableMs) return',
    'if (tookMs > Infinity) return',
  ),
  watch(
    'wait-first',
    'the first of a monitor sooner than the others',
    'Math.min(firstTolerableMs, this.#tolerableMs)',
    'this.#tolerableMs',
  ),
  watch(
    'wait-clock',
    'so is a database’s clock that was set forward',
    'if (aheadMs > 0) return',
    'if (aheadMs > Infinity) return',
  ),
  watch(
    'wait-uptime',
    'so is a server that has just come up',
    'return uptimeSeconds === null ? null : this.#cameUp(uptimeSeconds);',
    'return null;',
  ),
  watch(
    'wait-shortened',
    'which never shortens a wait',
    '    if (since <= this.#known.heardSince + 1_000) return null;\n',
    '',
  ),
  watch(
    'wait-suspended',
    'so is a sleep that was longer than planned',
    'if (lateMs <= this.#tolerableMs) return null;',
    'if (lateMs <= Infinity) return null;',
  ),
  watch(
    'wait-check',
    'and a check that took long',
    'return tookMs > this.#tolerableMs ? this.#distrust(`${what}',
    'return tookMs > Infinity ? this.#distrust(`${what}',
  ),
  watch(
    'wait-monotonic',
    'a process that was stopped knows by its monotonic clock',
    'this.#seenAt.monotonic - before.monotonic, ',
    '',
  ),
  watch('wait-wall', 'a computer that slept by its wall clock', ', this.#seenAt.wall - before.wall', ''),
  monitor(
    'judge-trusted',
    'nobody is judged in a wait',
    'if (now === null || this.#watch.waitMs > 0) return null;',
    'if (now === null) return null;',
  ),
  monitor('note-trouble', 'the monitor notes a probe that failed', '    this.#watch.failed(error);\n', ''),
  monitor(
    'note-sleep',
    'how long it slept',
    'if (!signal.aborted) this.#noteDistrust(this.#watch.slept(plannedMs));',
    '',
  ),
  monitor('note-check', 'how long its check took', "    this.#noteDistrust(this.#watch.did('the check'));\n", ''),
  monitor('probe-often', 'it probes twice in an interval', 'Math.min(this.#heartbeatIntervalMs / 2, ', 'Math.min('),
  monitor(
    'probe-backoff',
    'and asks a database that is away at least once in one',
    'maxMs: this.#heartbeatIntervalMs }',
    'maxMs: 1e9 }',
  ),
  watch(
    'unheard-start',
    'before its first answer a worker knows of no outage',
    'this.#known.hasAnswered && !this.#known.isAway',
    '!this.#known.isAway',
  ),
  watch(
    'unheard-away',
    'nor before the first one after an outage how long that was',
    'this.#known.hasAnswered && !this.#known.isAway',
    'this.#known.hasAnswered',
  ),
  watch(
    'unheard-rare',
    'who beats more rarely than this process is heard later',
    ' && this.heardForMs >= silenceLimit(intervalSeconds * 1_000)',
    '',
  ),
  claimable('unheard-queue', 'in a wait nobody takes what waits behind a task', 'shard, heardForSeconds)', 'shard)'),
  claims('unheard-claim', 'and no claim ends a silent one', 'isSilenceKnown && isSilentFor(', 'isSilentFor('),
  taking('unheard-polls', 'a worker notes a look that failed', '        this.#outages.failed(error);\n', ''),
  taking('unheard-sleep', 'how long it slept', '    this.#outages.slept(pollMs);\n', ''),
  taking('unheard-look', 'how long a look took', "    this.#outages.did('a look at the queue');\n", ''),
  shards(
    'unheard-join',
    'a run joins no shard under a silent task',
    'judgeHolder(task, { ...this.#options, outages })',
    'judgeHolder(task, { ...this.#options, outages: undefined })',
  ),
  keeping(
    'unheard-lock',
    'nor by what was known before a lock',
    'this.#known(ends), work',
    '[...this.#known(ends)], work',
  ),
  shards('unheard-shard', 'nor has it followed', ' && !isKnown) return', ' && 0 > 1) return'),
  runAlerts('unheard-alerts', 'nor raises alerts', 'if (outages.isSilenceKnown) await judge', 'await judge'),
  aliveMonitor('monitor-ahead', 'no monitor is alive by a beat from the future', 'age !== null &&', ''),
  aliveWorker('worker-ahead', 'nor is a worker', 'age === null ||', ''),
  keeping('fleet-ahead', 'nor, for a worker, a task', 'await this.#countAheadFromNow();', ''),
  due('put-off', 'a clock set back puts no other try off', "'(?? <= ? OR ?)'", "'(?? <= ? OR (1 = 0 AND ?))'"),
  due('put-off-slot', 'a time of a schedule is waited for', "'(?? IS NULL AND ?)'", "'((?? IS NULL OR 1 = 1) AND ?)'"),
];
