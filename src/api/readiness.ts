import { requireMigrated } from '../database/schema/migrator.js';
import { EndpointStore } from '../database/operations/endpoint-store.js';
import { MonitorStore } from '../database/operations/monitor-store.js';
import { listTasks } from '../database/tasks/task-listing.js';
import { readTaskSilence, type TaskSilence } from '../database/tasks/task-silence.js';
import { isMonitorAlive } from '../model/monitor.js';
import { isSilent, lagBlocks, taskStatus, type Task } from '../model/task.js';
import { messageOf } from '../runtime/errors.js';
import { giveUpLater } from '../runtime/give-up-later.js';
import { printableLine } from '../runtime/printable.js';
import type { Settings } from '../settings/settings.js';
import { downPipelines, type DownPipeline } from '../tasks/alerts/down-pipelines.js';
import { readFleetFacts } from '../tasks/alerts/read-pipeline-facts.js';
import { readChainsInDoubt } from '../tasks/views/chains-in-doubt.js';
import { HeadContact } from '../tasks/views/head-contact.js';
import type { ApiParts } from './api-parts.js';

/** Whether what is served is in order, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly Check[];
  readonly reasons: readonly string[];
}

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What the detail says, and the values in it: for who says it in another language. */
  readonly kind: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** Running tasks that are looked at, newest first. */
const mostTasks = 1_000;

const mostEndpoints = 500;

/** How long the database may take to answer, in milliseconds. */
const patienceMs = 5_000;

/** Looks at the database, the monitor, the silence of tasks, pipelines that are down and the lag of live ones. */
export async function readReadiness(parts: ApiParts): Promise<Readiness> {
  const reason = (): Error => new Error(`no answer within ${patienceMs / 1_000} s`);
  const patience = { clock: parts.clock, delayMs: patienceMs, reason };
  const checks = await giveUpLater(patience, () => readChecks(parts)).catch((error: unknown) => [
    failedDatabase(parts.secrets.mask(messageOf(error))),
  ]);
  const failed = checks.filter(({ ok }) => !ok);
  return { ready: failed.length === 0, checks, reasons: failed.map(({ name, detail }) => `${name}: ${detail}`) };
}

async function readChecks({ database, settings }: ApiParts): Promise<readonly Check[]> {
  await requireMigrated(database);
  const filter = { status: taskStatus.running, limit: mostTasks, offset: 0 };
  const [tasks, silence, monitors, { endpoints }] = await Promise.all([
    listTasks(database, filter),
    readTaskSilence(database, settings.heartbeatIntervalSeconds),
    new MonitorStore(database).list(10),
    new EndpointStore(database).list({ limit: mostEndpoints }),
  ]);
  const contact = new HeadContact(settings.heartbeatIntervalSeconds);
  contact.note(tasks, endpoints, await readChainsInDoubt(database, endpoints));
  const unknown = tasks.find(({ id, progress }) => progress?.mode === 'realtime' && contact.unknownSince(id) !== null);
  const facts = await readFleetFacts(database, settings.heartbeatIntervalSeconds);
  const down = downPipelines(facts, settings.heartbeatIntervalSeconds);
  const checks = [
    checkMonitor(monitors.some(isMonitorAlive), tasks.length > 0),
    checkSilence(silence),
    checkPipelines(down),
    checkLag(tasks, settings.api.maxLagBlocks, unknown === undefined ? null : unknownLag(unknown, settings)),
  ];
  // Of who beats and commits nothing is heard then: each look asks one thing more only where something is wrong.
  const isReadOnly = checks.some(({ ok }) => !ok) && (await database.isReadOnly());
  return [checkDatabase(isReadOnly), ...checks];
}

function checkDatabase(isReadOnly: boolean): Check {
  const kind = isReadOnly ? 'read_only' : 'answers';
  const detail = isReadOnly
    ? 'answers, but is read-only: let it take writes, or name the primary in its URL'
    : 'answers, and is migrated';
  return { name: 'database', ok: !isReadOnly, detail, kind, values: {} };
}

function failedDatabase(error: string): Check {
  return { name: 'database', ok: false, detail: error, kind: 'fails', values: { error } };
}

/** Returns what is known while the database can't be read: that it can't; of what was checked before nobody knows. */
export function unreadChecks(error: string, before: readonly Check[]): readonly Check[] {
  const others = before.filter(({ name }) => name !== 'database');
  const unread = { ok: false, detail: 'unknown while the database does not answer', kind: 'unread', values: {} };
  return [failedDatabase(error), ...others.map(({ name }) => ({ name, ...unread }))];
}

const monitorDetails = {
  alive: 'one is alive',
  missing: 'tasks run, and no monitor is alive',
  unneeded: 'none is alive, and no task runs',
} as const;

/** Where nothing runs, there is nobody to watch. */
function checkMonitor(isWatched: boolean, isNeeded: boolean): Check {
  const kind = isWatched ? 'alive' : isNeeded ? 'missing' : 'unneeded';
  return { name: 'monitor', ok: kind !== 'missing', detail: monitorDetails[kind], kind, values: {} };
}

/** Of a task whose silence is not known nobody says that it beats, nor that it fell silent. */
function checkSilence({ silent, unknown }: TaskSilence): Check {
  if (silent === 0 && unknown > 0) {
    const detail = `whether ${unknown} running ${unknown === 1 ? 'task beats' : 'tasks beat'} is unknown: no heartbeat, or one from the future`;
    return { name: 'silence', ok: true, detail, kind: 'unknown', values: { n: unknown } };
  }
  const who = silent === 1 ? '1 running task has' : `${silent} running tasks have`;
  const detail = silent === 0 ? 'every running task beats' : `${who} been silent for more than three heartbeats`;
  return { name: 'silence', ok: silent === 0, detail, kind: silent === 0 ? 'none' : 'silent', values: { n: silent } };
}

/** Pipelines that are named, where more are down. */
const mostNamed = 5;

function checkPipelines(down: readonly DownPipeline[]): Check {
  const names = down.slice(0, mostNamed).map(({ id, name }) => `${id} (${printableLine(name)})`);
  const list = names.join(', ') + (down.length > mostNamed ? ', …' : '');
  const kind = down.length === 0 ? 'none' : 'down';
  const detail =
    down.length === 0 ? 'none is down' : `${down.length} ${down.length === 1 ? 'is' : 'are'} down: ${list}`;
  return { name: 'pipelines', ok: kind === 'none', detail, kind, values: { n: down.length, list } };
}

const lagDoubts = { unknown: 'its nodes do not answer', uncommitted: 'the database takes no commit of it' } as const;

/** Of a run that has fallen silent nobody knows whether its nodes answer. */
function unknownLag(task: Task, { heartbeatIntervalSeconds }: Settings): Check {
  const { id, silentSeconds: n } = task;
  const values = { task: String(id) };
  if (isSilent(task, heartbeatIntervalSeconds)) {
    const detail = `the lag of task ${id} is unknown: it has given no sign of life for ${n} s`;
    return { name: 'lag', ok: true, detail, kind: 'silent', values: { ...values, n } };
  }
  const kind = task.progress?.lagUnknownSince === undefined ? 'unknown' : 'uncommitted';
  return { name: 'lag', ok: true, detail: `the lag of task ${id} is unknown: ${lagDoubts[kind]}`, kind, values };
}

/** Of a lag that is not known nobody says that it is too large, nor that there is none. */
function checkLag(tasks: readonly Task[], most: number | null, unknown: Check | null): Check {
  const following = tasks.flatMap(({ id, progress }) => {
    const { nextBlock: next = null, headBlock: head = null } = progress ?? {};
    if (progress?.mode !== 'realtime' || next === null || head === null) return [];
    return [{ id, next, head, lag: lagBlocks(progress) }];
  });
  const lags = following.flatMap(({ id, lag }) => (lag === null ? [] : [{ id, lag }]));
  const waiting = following.find(({ lag }) => lag === null);
  const worst = lags.reduce((a, b) => (b.lag > a.lag ? b : a), { id: 0, lag: 0 });
  const ok = most === null || worst.lag <= most;
  if (following.length === 0) return { name: 'lag', ok, detail: 'no live pipeline runs', kind: 'none', values: {} };
  if (unknown !== null && ok) return unknown;
  if (waiting !== undefined && ok) {
    const { id, next, head } = waiting;
    const detail = `the lag of task ${id} is unknown: it waits for block ${next}, and its node is at block ${head}`;
    return { name: 'lag', ok, detail, kind: 'waiting', values: { task: String(id), next, head } };
  }
  if (worst.lag === 0) return { name: 'lag', ok, detail: 'no live pipeline is behind', kind: 'level', values: {} };
  const detail = `task ${worst.id} is ${worst.lag} blocks behind`;
  return { name: 'lag', ok, detail, kind: 'behind', values: { task: String(worst.id), n: worst.lag } };
}
