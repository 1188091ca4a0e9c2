import { isSilentFor } from '../runtime/silence.js';
import type { Task } from './task.js';

/**
 * How an endpoint is, to whoever asks it; those first that need a look. `wrong_chain`: it serves another chain, or another
 * fork of it. `resting`: it failed several times in a row, and is tried now and then. `failing`: ordinary calls go there, and
 * the latest one, or most of the latest, failed, or one for the head, or all that it is asked, goes without an answer.
 * `limited`: they do, no more at a time or a second than it takes. `healthy`: they do. `unasked`: nothing is known, yet or any more.
 */
export const endpointStates = ['wrong_chain', 'resting', 'failing', 'limited', 'healthy', 'unasked'] as const;

export type EndpointState = (typeof endpointStates)[number];

/** Says whether an endpoint in this state tells nothing of its chain. */
export function isMute(state: EndpointState): boolean {
  return state === 'failing' || state === 'resting' || state === 'wrong_chain';
}

/** Says whether an endpoint that fails answers calls for the head all the same, and refuses others. */
export function tellsHead({ state, headMs }: Pick<EndpointStatus, 'state' | 'headMs'>): boolean {
  return state === 'failing' && headMs !== null;
}

const portal = 'portal ';

/** Returns what a portal is called among endpoints: those who have no other report it as one. */
export function portalName(host: string): string {
  return portal + host;
}

/** Says whether an endpoint is a portal: no host holds a space. */
export function isPortal({ name }: Pick<EndpointStatus, 'name'>): boolean {
  return name.startsWith(portal);
}

/** What is known of an endpoint by whoever asks it. */
export interface EndpointStatus {
  /** Its host, numbered where one host has several: the URL is secret. */
  readonly name: string;
  readonly state: EndpointState;
  /**
   * How long a call for the head, and one for logs, takes, in milliseconds; null where that is not known, for the head also where
   * it fails and answers no such call.
   */
  readonly headMs: number | null;
  readonly logsMs: number | null;
  /** The share of failures among its latest calls, from 0 to 1. */
  readonly errorRate: number;
  readonly inFlight: number;
  /** The most requests at a time, and calls a second, that it is asked; null where no limit is known. */
  readonly maxInFlight: number | null;
  readonly maxPerSecond: number | null;
  /** The newest block that it has told of, when it was asked last; null where it has told of none. */
  readonly newestBlock: number | null;
  /** Requests that have ended, and those of them that failed or were refused, since the run began. */
  readonly requests: number;
  readonly failures: number;
  /** Without any secret. */
  readonly lastError: string | null;
}

/** A row of `rpc_endpoint` as the database's clock sees it now. Times are in the database's time zone, no suffix. */
export interface RpcEndpoint extends EndpointStatus {
  readonly chainId: number;
  /** `host:pid` of the process that asks it. */
  readonly worker: string;
  /** Tells it from another of that name, as that of its tasks does; null where the system does not say, or an older version reports it. */
  readonly workerIdentity: string | null;
  readonly updateTime: string;
  /** Seconds since the last report. */
  readonly ageSeconds: number;
  readonly lastErrorTime: string | null;
  /** Since when, and for how many seconds, it tells nothing of its chain; null: it does, or an older version reports it. */
  readonly muteSince: string | null;
  readonly muteSeconds: number | null;
}

/** From one report to the next at most, in seconds. */
export const reportSeconds = 15;

/** Says whether what a row tells may no longer be so: whoever has missed three reports is frozen, cut off or dead. */
export function isStale({ ageSeconds }: RpcEndpoint): boolean {
  return isSilentFor(ageSeconds, reportSeconds);
}

/** Says whether the process that runs a task reports an endpoint: two in containers may have one name. */
export function isReportedBy(
  { worker, workerIdentity }: Pick<RpcEndpoint, 'worker' | 'workerIdentity'>,
  task: Pick<Task, 'worker' | 'workerIdentity'>,
): boolean {
  return worker === task.worker && (workerIdentity === null || workerIdentity === task.workerIdentity);
}

/** Returns an endpoint as the API and `chainparse status --json` have it. */
export function endpointToJson(endpoint: RpcEndpoint): object {
  return {
    chain_id: endpoint.chainId,
    endpoint: endpoint.name,
    worker: endpoint.worker,
    state: endpoint.state,
    stale: isStale(endpoint),
    update_time: endpoint.updateTime,
    age_seconds: endpoint.ageSeconds,
    head_ms: endpoint.headMs,
    logs_ms: endpoint.logsMs,
    error_rate: endpoint.errorRate,
    in_flight: endpoint.inFlight,
    max_in_flight: endpoint.maxInFlight,
    max_per_second: endpoint.maxPerSecond,
    newest_block: endpoint.newestBlock,
    requests: endpoint.requests,
    failures: endpoint.failures,
    last_error: endpoint.lastError,
    last_error_time: endpoint.lastErrorTime,
  };
}
