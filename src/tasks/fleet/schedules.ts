import { SlotStore, type Scheduled, type Timed } from '../../database/pipelines/slot-store.js';
import type { Database } from '../../database/database.js';
import { probeDatabase } from '../../database/tasks/database-probe.js';
import type { CronSchedule } from '../../model/cron-schedule.js';
import { instantToUtcMs, utcMsToInstant } from '../../model/instant.js';
import { scheduleOf, type Slot } from '../../model/slot.js';
import { longestWaitSeconds } from '../../model/wanted.js';
import { DatabaseUnreachableError, RuntimeFailure, messageOf } from '../../runtime/errors.js';

/** The schedules of pipelines, by the database's clock. */
export class Schedules {
  readonly #database: Database;
  /** By what `scheduleOf` calls them. */
  readonly #read = new Map<string, CronSchedule>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns the next time of a pipeline's schedule, behind any for which it has run already; null where none comes. */
  async next(pipelineId: number): Promise<Slot | null> {
    const timed = await new SlotStore(this.#database).find(pipelineId);
    return timed === null ? null : this.#next(timed, await this.#now());
  }

  /**
   * Puts the times right for which started pipelines wait, or one of them: those of a schedule that was changed, and those
   * before which the database's clock was set back. Others may do the same at the same time. Each is judged by itself: one
   * that can't be, for this Node doesn't know its time zone, is told with RuntimeFailure once the others have had their turn.
   */
  async keep(pipelineId?: number): Promise<void> {
    const store = new SlotStore(this.#database);
    const waiting = await store.list(pipelineId);
    const now = waiting.length === 0 ? 0 : await this.#now();
    this.#forget(waiting);
    let failure: RuntimeFailure | null = null;
    for (const scheduled of waiting) {
      try {
        const slot = await this.#next(scheduled, now);
        if (slot === null || this.#isOther(slot, scheduled)) await store.retime(scheduled, slot);
      } catch (error) {
        if (error instanceof DatabaseUnreachableError) throw error;
        const message = `the times of pipeline ${scheduled.pipelineId} can't be put right: ${messageOf(error)}`;
        failure = new RuntimeFailure(message, { cause: error });
      }
    }
    if (failure !== null) throw failure;
  }

  async #next(timed: Timed, now: number): Promise<Slot | null> {
    const of = scheduleOf(timed);
    const schedule = of === null ? null : await this.#schedule(of, timed);
    if (of === null || schedule === null) return null;
    const noted = timed.lastSlot === null ? null : this.#toMs(timed.lastSlot);
    // What was taken so far ahead was taken by a clock that was wrong: no wait is to become longer by it.
    const last = noted === null || noted > now + longestWaitSeconds * 1_000 ? null : noted;
    const next = schedule.next(Math.max(now, last ?? now));
    const skipped = last === null ? null : schedule.latest(last, now);
    return next === null
      ? null
      : { at: this.#toInstant(next), of, skipped: skipped === null ? null : this.#toInstant(skipped) };
  }

  /** What is due already lies before its next time: it is left to be queued. */
  #isOther(slot: Slot, { nextStart, nextStartOf }: Scheduled): boolean {
    return slot.of !== nextStartOf || this.#toMs(slot.at) < this.#toMs(nextStart);
  }

  async #schedule(of: string, { schedule, timeZone }: Timed): Promise<CronSchedule | null> {
    const known = this.#read.get(of);
    if (known !== undefined || schedule === null) return known ?? null;
    const { CronSchedule } = await import('../../model/cron-schedule.js');
    const read = new CronSchedule(schedule, timeZone ?? 'UTC');
    this.#read.set(of, read);
    return read;
  }

  #forget(waiting: readonly Scheduled[]): void {
    const used = new Set(waiting.map(scheduleOf));
    for (const of of this.#read.keys()) if (!used.has(of)) this.#read.delete(of);
  }

  async #now(): Promise<number> {
    return this.#toMs((await probeDatabase(this.#database)).now);
  }

  #toMs(instant: string): number {
    return instantToUtcMs(instant, this.#database.timezone.value);
  }

  #toInstant(ms: number): string {
    return utcMsToInstant(ms, this.#database.timezone.value);
  }
}
