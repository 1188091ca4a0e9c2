import type { LivingWorker } from '../../database/operations/worker-store.js';

/** A task that runs here. */
export interface HeldRun {
  readonly pipelineId: number;
  /** The chain that it needs an RPC URL of; null: none. */
  readonly chain: string | null;
  /** When it began, by the monotonic clock. */
  readonly since: number;
  /** Ends it; another task, which any worker may take, goes on with it. */
  readonly handOver: () => void;
}

/** By so much of its share a worker must hold more than that. */
const clearly = 0.1;

/**
 * Returns the task that a worker hands over so that loads even out: the one that began last of those that a worker with more
 * room reaches. Null where it does not hold clearly more than its share, or another is fuller.
 */
export function surplusOf(me: LivingWorker, living: readonly LivingWorker[], held: readonly HeldRun[]): HeldRun | null {
  const share = (me.concurrency * sumOf(living, 'running')) / sumOf(living, 'concurrency');
  const isFullest = living.every((other) => fullness(other) < fullness(me) || other.id === me.id || isLater(other, me));
  if (!isFullest || me.running - share < Math.max(1, clearly * share)) return null;
  const takers = living.filter((other) => fullness(other, 1) <= fullness(me, -1));
  const isWanted = ({ chain }: HeldRun): boolean => takers.some((taker) => reaches(taker, chain));
  return held.filter(isWanted).toSorted((a, b) => b.since - a.since)[0] ?? null;
}

function sumOf(workers: readonly LivingWorker[], key: 'running' | 'concurrency'): number {
  return workers.reduce((sum, worker) => sum + worker[key], 0);
}

function fullness({ running, concurrency }: LivingWorker, more = 0): number {
  return (running + more) / concurrency;
}

/** Of two that are as full one hands over. */
function isLater(other: LivingWorker, me: LivingWorker): boolean {
  return fullness(other) === fullness(me) && other.id > me.id;
}

function reaches({ chains }: LivingWorker, chain: string | null): boolean {
  return chain === null || chains === null || chains.map(plain).includes(plain(chain));
}

/** Variables know no other characters. */
function plain(chain: string): string {
  return chain.toLowerCase().replace(/[^a-z0-9]/g, '-');
}
