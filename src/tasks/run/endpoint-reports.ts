import { randomBytes } from 'node:crypto';
import type { WatchEndpoints } from '../../chain/chains.js';
import { throttleText } from '../../chain/transport/endpoints/throttle-teller.js';
import type { EndpointReport } from '../../chain/transport/endpoints/endpoint-report.js';
import type { EndpointSession, EndpointStore, ReportedEndpoint } from '../../database/operations/endpoint-store.js';
import { isMute, reportSeconds, type EndpointState, type EndpointStatus } from '../../model/rpc-endpoint.js';
import type { Holder } from '../../model/task.js';
import type { Clock } from '../../runtime/clock.js';
import { giveUpLater } from '../../runtime/give-up-later.js';

export interface EndpointReportsOptions {
  readonly store: Pick<EndpointStore, 'report' | 'end' | 'prune'>;
  readonly worker: Holder;
  readonly clock: Clock;
  /** Takes secrets out of a text that is stored. */
  readonly mask: (text: string) => string;
}

/** How long the first look waits, for a short run reports nothing, in milliseconds. */
const firstLookMs = 3_000;
/** Between two looks at the endpoints, in milliseconds: what a look finds changed is reported. */
const lookMs = 1_000;
/** After how long without a look the process was suspended, in milliseconds. */
const suspendedMs = 3 * lookMs;

/** How long the end of a chain waits for its rows to go, in milliseconds: without it they go with time. */
const patienceMs = 500;

/** For how long no call at all may be answered before the endpoint fails, in milliseconds: many logs take their time. */
const callPatienceMs = 20_000;

/** For how long an answer to a call for the head says that such calls are answered, in milliseconds. */
const headAnswerMs = 60_000;

/** Characters of an error that are kept. */
const longestError = 500;

/** Returns what reports how endpoints are to the database, while a run asks them. No run waits for it. */
export function reportEndpoints(options: EndpointReportsOptions): WatchEndpoints {
  return (chainId, health) => {
    const session = { session: randomBytes(8).toString('hex'), chainId, worker: options.worker };
    const reports = new EndpointReports(options, session, health);
    const ended = new AbortController();
    const running = reports.run(ended.signal);
    return async () => {
      ended.abort();
      const reason = (): Error => new Error('given up');
      const patience = { clock: options.clock, after: ended.signal, delayMs: patienceMs, reason };
      await giveUpLater(patience, () => running).catch(() => undefined);
    };
  };
}

/** The reports on the endpoints of one chain. */
class EndpointReports {
  readonly #options: EndpointReportsOptions;
  readonly #session: EndpointSession;
  readonly #health: () => readonly EndpointReport[];
  /** The states that were reported last, and when by the monotonic clock. */
  #told = '';
  #toldAt = -Infinity;
  /** When the last look at the endpoints was over, by the monotonic clock. */
  #lookedAt = Infinity;
  /** Since when each endpoint tells nothing of its chain, by the monotonic clock. */
  readonly #muteSince = new Map<string, number>();

  constructor(options: EndpointReportsOptions, session: EndpointSession, health: () => readonly EndpointReport[]) {
    this.#options = options;
    this.#session = session;
    this.#health = health;
  }

  /** Reports until `signal` is aborted, then takes the reports back. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options;
    for (let waitMs = firstLookMs; ; waitMs = lookMs) {
      await clock.sleep(waitMs, signal).catch(() => undefined);
      if (signal.aborted) break;
      await this.#look();
      this.#lookedAt = clock.monotonic();
    }
    if (this.#told !== '') await store.end(this.#session);
  }

  async #look(): Promise<void> {
    const { store, clock, mask } = this.#options;
    const now = clock.monotonic();
    // Whoever was suspended has not heard what had come meanwhile.
    const isAwake = now - this.#lookedAt < suspendedMs;
    const reports = this.#health().map((report) => (isAwake ? report : { ...report, headWaitMs: 0, waitMs: 0 }));
    const endpoints = reports.map((report) => {
      const reported = toReported(report, mask);
      const muteSeconds = this.#muteSeconds(reported, Math.max(report.headWaitMs, report.waitMs));
      const headMs = muteSeconds === null || this.#tellsHead(report) ? reported.headMs : null;
      return { ...reported, headMs, muteSeconds };
    });
    const states = endpoints.map(({ name, state }) => `${name} ${state}`).join('\n');
    const isDue = clock.monotonic() - this.#toldAt >= reportSeconds * 1_000;
    if (!isDue && states === this.#told) return;
    const isFirst = this.#told === '';
    // What was lost is told with the next look.
    if (!(await store.report(this.#session, endpoints))) return;
    this.#told = states;
    this.#toldAt = clock.monotonic();
    if (isFirst) await store.prune();
  }

  /** Says whether one that fails answers calls for the head all the same: what it answered before it failed says nothing of now. */
  #tellsHead({ name, headAgeMs }: EndpointReport): boolean {
    if (headAgeMs === null || headAgeMs > headAnswerMs) return false;
    return this.#options.clock.monotonic() - headAgeMs > (this.#muteSince.get(name) ?? 0);
  }

  #muteSeconds({ name, state }: EndpointStatus, waitMs: number): number | null {
    const now = this.#options.clock.monotonic();
    const since = isMute(state) ? (this.#muteSince.get(name) ?? now - waitMs) : null;
    if (since === null) this.#muteSince.delete(name);
    else this.#muteSince.set(name, since);
    return since === null ? null : Math.round((now - since) / 1_000);
  }
}

function toReported(report: EndpointReport, mask: (text: string) => string): Omit<ReportedEndpoint, 'muteSeconds'> {
  const { name, headMs, logsMs, errorRate, inFlight, maxInFlight, maxPerSecond, newestBlock } = report;
  const requests = Object.values(report.results).reduce((sum, count) => sum + count, 0);
  const { lastErrorAgeMs } = report;
  const lastError = errorOf(report);
  return {
    ...{ name, headMs, logsMs, errorRate, inFlight, maxInFlight, maxPerSecond, newestBlock },
    state: stateOf(report, requests),
    requests,
    failures: requests - (report.results['answer'] ?? 0),
    lastError: lastError === null ? null : textOf(lastError, mask),
    lastErrorSeconds: lastErrorAgeMs === null ? null : Math.round(lastErrorAgeMs / 1_000),
  };
}

/**
 * Says for how long an endpoint has left unanswered what it should have answered; null where it has not. A call for logs may take as
 * long as such calls do.
 */
function silenceText({ headWaitMs, headPatienceMs, waitMs, logsMs }: EndpointReport): string | null {
  const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
  if (headWaitMs > 0 && headWaitMs >= headPatienceMs)
    return `no answer to a call for the head for ${seconds(headWaitMs)}`;
  return waitMs >= Math.max(callPatienceMs, 2 * (logsMs ?? 0)) ? `no answer to any call for ${seconds(waitMs)}` : null;
}

/** What slows it down for what it refused stands beside what it said last: whoever wonders why it is slow looks there. */
function errorOf(report: EndpointReport): string | null {
  const { lastError, maxPerSecond, refusedShare } = report;
  const silence = silenceText(report);
  if (silence !== null) return silence;
  if (lastError === null) return null;
  const throttle = refusedShare > 0 ? throttleText(maxPerSecond, refusedShare) : null;
  return throttle === null ? lastError : `${throttle}: ${lastError}`;
}

/** What an endpoint says is not trusted to be one line without control characters. */
function textOf(error: string, mask: (text: string) => string): string {
  return mask(error)
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, longestError);
}

function stateOf(report: EndpointReport, requests: number): EndpointState {
  if (report.state === 'wrong chain') return 'wrong_chain';
  if (report.state === 'idle') return 'unasked';
  if (report.state !== 'closed') return 'resting';
  if (silenceText(report) !== null) return 'failing';
  if (requests === 0) return 'unasked';
  if (report.latestFailed || report.errorRate > 0.5) return 'failing';
  return report.isLimited ? 'limited' : 'healthy';
}
