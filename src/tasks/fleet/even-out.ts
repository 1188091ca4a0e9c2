import type { WorkerStore } from '../../database/operations/worker-store.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { untilAborted } from '../../runtime/until-aborted.js';
import { surplusOf, type HeldRun } from './surplus.js';
import type { WorkerPresence } from './worker-presence.js';

export interface EvenOutOptions {
  readonly store: Pick<WorkerStore, 'listLiving'>;
  readonly presence: Pick<WorkerPresence, 'id'>;
  /** The tasks that run here. */
  readonly held: () => readonly HeldRun[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

/** From one look to the next: a run that is handed over pauses for a second, and what is moved must be seen before the next is. */
const lookMs = 30_000;

/** What came back, for nobody else could run it, is not handed over again for so long, in milliseconds. */
const againMs = 3_600_000;

/** Hands over one task now and then, where this worker holds clearly more than its share of those that run. */
export class EvenOut {
  readonly #options: EvenOutOptions;
  /** When pipelines were handed over, by the monotonic clock. */
  readonly #moved = new Map<number, number>();

  constructor(options: EvenOutOptions) {
    this.#options = options;
  }

  /** Looks again and again until it is told to stop; throws nothing. */
  async run(): Promise<void> {
    const { clock, stopping } = this.#options;
    for (;;) {
      await clock.sleep(lookMs, stopping).catch(() => undefined);
      if (stopping.aborted) return;
      // Where the database is away it is not the time to move anything.
      await untilAborted(this.look(), stopping).catch(() => undefined);
    }
  }

  /** Hands a task over where that evens out loads; returns its pipeline's id, null where nothing is to be done. */
  async look(): Promise<number | null> {
    const { store, presence, clock, logger } = this.#options;
    const living = await store.listLiving();
    const me = living.find(({ id }) => id === presence.id);
    const surplus = me === undefined ? null : surplusOf(me, living, this.#movable());
    if (surplus === null) return null;
    const { pipelineId } = surplus;
    this.#moved.set(pipelineId, clock.monotonic());
    logger.log('info', `pipeline ${pipelineId} is handed over: other workers have more room`, {
      ...{ event: 'worker.evens_out', pipeline_id: pipelineId },
    });
    surplus.handOver();
    return pipelineId;
  }

  #movable(): readonly HeldRun[] {
    const now = this.#options.clock.monotonic();
    for (const [id, at] of this.#moved) if (now - at >= againMs) this.#moved.delete(id);
    return this.#options.held().filter(({ pipelineId }) => !this.#moved.has(pipelineId));
  }
}
