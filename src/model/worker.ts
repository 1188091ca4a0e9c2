import { isSilentFor, knownAge } from '../runtime/silence.js';

/**
 * What a worker's row says of it now: it ended in order, or gave no sign of life for three of its beats; so it is where its last
 * one lies ahead of the database's clock, as it does once that was set back: who lives gives another within seconds.
 */
export const workerStates = ['alive', 'silent', 'ended'] as const;
export type WorkerState = (typeof workerStates)[number];

/** A row of `worker` as the database's clock sees it now. Times are in the database's time zone, no suffix. */
export interface Worker {
  readonly id: number;
  /** `host:pid`. */
  readonly name: string;
  /** Null: a worker of an older version does not tell. */
  readonly host: string | null;
  readonly version: string | null;
  readonly createTime: string;
  readonly lastHeartbeat: string;
  readonly endTime: string | null;
  readonly heartbeatIntervalSeconds: number;
  /** Tasks that it runs at one time, at most. */
  readonly concurrency: number;
  /** Tasks that it runs, as it has told. */
  readonly running: number;
  /** The names of the chains for which it has RPC URLs, in order; null: one URL for whatever chain, or it does not tell. */
  readonly chains: readonly string[] | null;
  /** Seconds since the last sign of life; below zero where that lies ahead. */
  readonly heartbeatAgeSeconds: number;
}

/** A worker and the tasks that it runs, by their rows. */
export interface WorkerView extends Worker {
  readonly taskIds: readonly number[];
}

/** Says what a worker's row tells of it. */
export function workerState({
  endTime,
  heartbeatAgeSeconds,
  heartbeatIntervalSeconds,
}: Pick<Worker, 'endTime' | 'heartbeatAgeSeconds' | 'heartbeatIntervalSeconds'>): WorkerState {
  if (endTime !== null) return 'ended';
  const age = knownAge(heartbeatAgeSeconds);
  return age === null || isSilentFor(age, heartbeatIntervalSeconds) ? 'silent' : 'alive';
}

/** The places of the workers that are alive. */
export interface Places {
  readonly workers: number;
  readonly taken: number;
  readonly all: number;
}

/** Adds up the places of the workers that are alive. */
export function placesOf(workers: readonly Worker[]): Places {
  const alive = workers.filter((worker) => workerState(worker) === 'alive');
  const sum = (of: (worker: Worker) => number): number => alive.reduce((total, worker) => total + of(worker), 0);
  return { workers: alive.length, taken: sum(({ running }) => running), all: sum(({ concurrency }) => concurrency) };
}

/** Returns a worker as `workers list --json` has it. */
export function workerToJson(worker: WorkerView): object {
  return {
    name: worker.name,
    state: workerState(worker),
    host: worker.host,
    version: worker.version,
    running: worker.running,
    capacity: worker.concurrency,
    chains: worker.chains,
    task_ids: worker.taskIds,
    create_time: worker.createTime,
    last_heartbeat: worker.lastHeartbeat,
    heartbeat_age_seconds: worker.heartbeatAgeSeconds,
    end_time: worker.endTime,
  };
}
