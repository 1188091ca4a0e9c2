import { randomBytes } from 'node:crypto';
import { AlertStore } from '../../database/operations/alert-store.js';
import { EndpointStore } from '../../database/operations/endpoint-store.js';
import { listLatestTasks } from '../../database/tasks/task-lives.js';
import { countTasks, listTasks } from '../../database/tasks/task-listing.js';
import { readTaskStatistics } from '../../database/tasks/task-statistics.js';
import { glanceAtEndpoints } from '../../model/endpoint-glance.js';
import { taskStatus, type Task } from '../../model/task.js';
import type { RpcEndpoint } from '../../model/rpc-endpoint.js';
import { messageOf } from '../../runtime/errors.js';
import { Scope } from '../../runtime/scope.js';
import { readChainsInDoubt } from '../../tasks/views/chains-in-doubt.js';
import { HeadContact } from '../../tasks/views/head-contact.js';
import { readListedPipelines } from '../../tasks/views/listed-pipelines.js';
import type { ApiParts } from '../api-parts.js';
import { readReadiness, unreadChecks, type Readiness } from '../readiness.js';
import type { ServerEvent, ServerEvents } from '../server-events.js';
import {
  alertEntry,
  endpointEntry,
  pipelineEntry,
  ratesEntry,
  singleEntry,
  taskEntry,
  troubleEntry,
} from './live-entries.js';
import { LiveFeed, type LiveEntry } from './live-feed.js';
import { RateHistory, stepSeconds } from './rate-history.js';

/** Between two looks at the tasks, in milliseconds: while somebody watches, and while nobody does. */
const watchedMs = 1_000;
const unwatchedMs = stepSeconds * 1_000;
/** What changes more rarely is read more rarely. */
const slowMs = 4_000;
/** How long the database may take to answer a look, as `/readyz` has it. */
const patienceMs = 5_000;

/** Rows that are told at most. Alerts tell what pipelines need, and may be of several rules each. */
const most = { running: 200, pipelines: 200, alerts: 500, endpoints: 500 } as const;
const window = { windowSeconds: 3_600, longerThanSeconds: 3_600 };

/** How many there are, shown or not. */
interface Counted {
  readonly pipelines: number;
  readonly open_alerts: number;
}

/** Reads what the dashboard shows, once for all who watch, and remembers how it moved. */
export class LiveState {
  readonly history = new RateHistory();
  readonly #parts: ApiParts;
  readonly #feed: LiveFeed;
  readonly #contact: HeadContact;
  #endpoints: readonly RpcEndpoint[] = [];
  #chains: ReadonlyMap<number, number> = new Map();
  #watchers = 0;
  #running: Promise<void> | null = null;
  #wake = new Scope();
  #tasksAt = -Infinity;
  #slowAt = -Infinity;
  #reading: Promise<void> | null = null;
  /** The look that the database has yet to answer: one that hangs is waited for, not begun once more. */
  #answer: Promise<void> | null = null;
  /** When a part of what is read came last. */
  #heardAt = -Infinity;
  /** When all that is shown was read last; null: never. */
  #shownAt: number | null = null;
  /** What was read of the system last: its checks, and the numbers beside them. */
  #system: ({ readonly checks: Readiness['checks'] } & Counted) | null = null;

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.#feed = new LiveFeed(randomBytes(6).toString('hex'), () => parts.clock.monotonic());
    this.#contact = new HeadContact(parts.settings.heartbeatIntervalSeconds);
  }

  /** Looks now and then until the server ends, also while nobody watches: charts have a past then. */
  start(): void {
    const { stopping } = this.#parts;
    this.#running ??= this.#run(() => !stopping.aborted);
  }

  /** Tells a client what is so, then each change, until it is gone. */
  async *watch(lastEventId: string | undefined, signal: AbortSignal): ServerEvents {
    // While nobody watched, only the running tasks were read.
    if (this.#watchers++ === 0) this.#tasksAt = this.#slowAt = -Infinity;
    try {
      this.#wakeUp();
      await this.#look(watchedMs / 2);
      let news: ServerEvent | null = this.#feed.begin(lastEventId);
      for (let seen = lastEventId; !signal.aborted; news = this.#feed.since(seen)) {
        if (news !== null) yield news;
        seen = news?.id ?? seen;
        // What changed while the client read is news now.
        if (this.#feed.since(seen) === null) await this.#feed.changed(signal);
      }
    } finally {
      this.#watchers--;
    }
  }

  #wakeUp(): void {
    this.#wake.end();
    this.#running ??= this.#run(() => this.#watchers > 0).finally(() => (this.#running = null));
  }

  async #run(goesOn: () => boolean): Promise<void> {
    const { clock, stopping } = this.#parts;
    while (goesOn() && !stopping.aborted) {
      await this.#look(watchedMs / 2);
      const rest = (this.#wake = new Scope(stopping));
      await clock.sleep(this.#watchers > 0 ? watchedMs : unwatchedMs, rest.signal).catch(() => undefined);
      rest.release();
    }
  }

  /** Reads anew what is older than `freshMs`; who asks while a read is in the air waits for it. */
  #look(freshMs: number): Promise<void> {
    if (this.#reading !== null) return this.#reading;
    if (this.#parts.clock.monotonic() - this.#tasksAt < freshMs) return Promise.resolve();
    this.#reading = this.#read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { clock, secrets } = this.#parts;
    this.#tasksAt = clock.monotonic();
    this.#answer ??= this.#readAll(clock.monotonic()).finally(() => (this.#answer = null));
    try {
      await this.#patiently(this.#answer);
      this.#feed.show('trouble', []);
    } catch (error) {
      this.#showTrouble(secrets.mask(messageOf(error)));
    }
  }

  /** Waits for all of it, as long as parts of it come. */
  async #patiently(answer: Promise<void>): Promise<void> {
    const { clock } = this.#parts;
    const done = new AbortController();
    const tooLate = async (): Promise<void> => {
      for (let leftMs = patienceMs; leftMs > 0; leftMs = this.#heardAt + patienceMs - clock.monotonic()) {
        await clock.sleep(leftMs, done.signal);
      }
      throw lateError();
    };
    const late = tooLate();
    late.catch(() => undefined);
    await Promise.race([answer, late]).finally(() => done.abort(new Error('answered')));
  }

  async #readAll(since: number): Promise<void> {
    const running = await this.#readRunning(since);
    if (this.#watchers === 0) return;
    await this.#readWatched(running, since);
    this.#shownAt = since;
  }

  /** What was read before is no longer known to be so: it stays, and says since when nobody has read it. */
  #showTrouble(message: string): void {
    const now = this.#parts.clock.monotonic();
    const unread = this.#shownAt === null ? null : Math.round(now - this.#shownAt) / 1_000;
    this.#feed.show('trouble', [troubleEntry(message, unread)]);
    const checks = unreadChecks(message, this.#system?.checks ?? []);
    this.#showSystem({ ...this.#system, ready: false, checks }, now);
    // What the checks say is read anew as soon as the database answers.
    this.#slowAt = -Infinity;
  }

  /** The zone is known without the database. */
  #showSystem(system: object, readAt: number): void {
    const zone = { time_zone: this.#parts.database.timezone.value };
    this.#feed.show('system', [singleEntry('system', { ...system, ...zone })], readAt);
  }

  /** What comes later than an answer may was so nobody knows when: it is read once more. */
  #show(section: string, entries: readonly LiveEntry[], since: number): void {
    this.#heard(since);
    this.#feed.show(section, entries, since);
  }

  #heard(since: number): void {
    const now = this.#parts.clock.monotonic();
    if (now - since > patienceMs) throw lateError();
    this.#heardAt = now;
  }

  async #readRunning(since: number): Promise<readonly Task[]> {
    const { database, clock } = this.#parts;
    const order = { by: 'last_heartbeat', descending: false } as const;
    const tasks = await listTasks(database, { status: taskStatus.running, order, limit: most.running, offset: 0 });
    if (this.history.note(tasks, clock.now())) {
      const at = clock.now();
      this.#show(
        'rates',
        [...this.history.rates()].map(([id, rates]) => ratesEntry(id, rates, at)),
        since,
      );
    }
    return tasks;
  }

  async #readWatched(running: readonly Task[], since: number): Promise<void> {
    const { database, settings, clock } = this.#parts;
    const newest = await listLatestTasks(database, { first: most.pipelines }, settings.heartbeatIntervalSeconds);
    const tasks = new Map([...newest, ...running].map((task) => [task.id, task]));
    await this.#readEndpoints();
    this.#contact.note([...tasks.values()], this.#endpoints, this.#chains);
    this.#show(
      'tasks',
      [...tasks.values()].map((task) => taskEntry(task, settings, this.#contact.unknownSince(task.id))),
      since,
    );
    const pipelines = await this.#readPipelines(newest);
    if (clock.monotonic() - this.#slowAt < slowMs) return;
    await this.#readSystem({ pipelines, open_alerts: await this.#readAlerts() });
    this.#slowAt = since;
  }

  /** Returns how many pipelines there are. */
  async #readPipelines(newest: readonly Task[]): Promise<number> {
    const { database, settings, clock } = this.#parts;
    const since = clock.monotonic();
    const pipelines = await readListedPipelines(database, settings.heartbeatIntervalSeconds, newest);
    const entries = pipelines
      .slice(0, most.pipelines)
      .map((each) => pipelineEntry(each, { latestTaskId: each.task?.id ?? null, wanted: each.wanted }));
    this.#show('pipelines', entries, since);
    this.#showCount('pipelines', pipelines.length, since);
    return pipelines.length;
  }

  /** By these numbers the page tells how many its lists leave out: each goes with its list. */
  #showCount(name: 'pipelines' | 'open_alerts', count: number, since: number): void {
    if (this.#system === null || this.#system[name] === count) return;
    this.#system = { ...this.#system, [name]: count };
    this.#showSystem(this.#system, since);
  }

  /** Returns how many alerts stand. */
  async #readAlerts(): Promise<number> {
    const { database, clock } = this.#parts;
    const since = clock.monotonic();
    const { alerts, total } = await new AlertStore(database).list({ all: false, limit: most.alerts });
    this.#show('alerts', alerts.map(alertEntry), since);
    this.#showCount('open_alerts', total, since);
    return total;
  }

  /** A lag is shown as known only while the endpoints of this moment answer. */
  async #readEndpoints(): Promise<void> {
    const { database, clock } = this.#parts;
    const since = clock.monotonic();
    const { endpoints } = await new EndpointStore(database).list({ limit: most.endpoints });
    this.#endpoints = endpoints;
    this.#chains = await readChainsInDoubt(database, endpoints);
    this.#show('endpoints', glanceAtEndpoints(endpoints).map(endpointEntry), since);
  }

  async #readSystem(counted: Counted): Promise<void> {
    const { database, clock } = this.#parts;
    const since = clock.monotonic();
    const { running, ended, timedOut } = await readTaskStatistics(database, window);
    const { ready, checks } = await readReadiness(this.#parts);
    const failure = checks.find(({ name, ok }) => name === 'database' && !ok);
    if (failure !== undefined) throw new Error(failure.detail);
    const queued = await countTasks(database, { status: taskStatus.queued });
    const numbers = { running, queued, ended_in_hour: ended, timed_out_in_hour: timedOut };
    const system = { ready, checks, ...numbers, ...counted };
    this.#heard(since);
    this.#system = system;
    this.#showSystem(system, since);
  }
}

function lateError(): Error {
  return new Error(`no answer within ${patienceMs / 1_000} s`);
}
