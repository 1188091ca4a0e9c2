import type { Task } from '../../model/task.js';
import { eventsRead, lagBlocks } from '../../model/task.js';

/** What a task had done at some moment. */
interface Sample {
  /** Unix seconds. */
  readonly at: number;
  readonly events: number;
  readonly nextBlock: number | null;
  readonly lag: number | null;
}

/** The samples of a task, one array for each column. */
export interface TaskSamples {
  readonly times: readonly number[];
  readonly events: readonly number[];
  readonly next_block: readonly (number | null)[];
  readonly lag_blocks: readonly (number | null)[];
}

/** Seconds between two samples at least: the width of a step of the sparklines. */
export const stepSeconds = 10;
const steps = 60;

/** Of each so many seconds one beat is remembered, for a day. */
const beatSeconds = 300;
const mostBeats = 288;

/** Samples of a task that are kept: of older ones every second goes. */
const mostSamples = 600;
const mostTasks = 500;

/** Remembers what running tasks have done while this process watched: what the charts of rates show. */
export class RateHistory {
  readonly #samples = new Map<number, Sample[]>();
  readonly #beats = new Map<number, number[]>();
  readonly #rates = new Map<number, (number | null)[]>();
  #takenAt = -Infinity;

  /** Takes samples of tasks, where a step has passed since the last ones; returns whether it did. */
  note(tasks: readonly Task[], nowMs: number): boolean {
    const at = nowMs / 1_000;
    // The wall clock may have been set back.
    if (at >= this.#takenAt && at < this.#takenAt + stepSeconds - 0.5) return false;
    const passed = Math.min(at - this.#takenAt, 10 * stepSeconds);
    const isFirst = this.#takenAt === -Infinity;
    const added = new Map<number, number | null>();
    for (const task of tasks) {
      const before = this.#samples.get(task.id)?.at(-1)?.events ?? (isFirst ? null : 0);
      const now = eventsRead(task.progress);
      const known = added.get(task.pipelineId) ?? 0;
      added.set(task.pipelineId, before === null ? null : known + Math.max(0, now - before));
      this.#keep(task, at);
    }
    this.#addRates(added, passed);
    this.#takenAt = at;
    return true;
  }

  /** Returns the samples of a task; none where it has not run under this process's eyes. */
  of(taskId: number): TaskSamples {
    const samples = this.#samples.get(taskId) ?? [];
    return {
      times: samples.map(({ at }) => Math.round(at)),
      events: samples.map(({ events }) => events),
      next_block: samples.map(({ nextBlock }) => nextBlock),
      lag_blocks: samples.map(({ lag }) => lag),
    };
  }

  /** Returns at which Unix seconds a task was seen to have beaten: one beat of each five minutes. */
  beats(taskId: number): readonly number[] {
    return this.#beats.get(taskId) ?? [];
  }

  /** Returns the events a second of each pipeline in the last steps, oldest first; null where nothing is known. */
  rates(): ReadonlyMap<number, readonly (number | null)[]> {
    return this.#rates;
  }

  #keep(task: Task, at: number): void {
    const { id, progress } = task;
    this.#keepBeat(task, at);
    const samples = this.#samples.get(id) ?? [];
    const lag = progress === null ? null : lagBlocks(progress);
    samples.push({ at, events: eventsRead(progress), nextBlock: progress?.nextBlock ?? null, lag });
    // Renewed, the oldest key of the map is the task that has not run for the longest.
    this.#samples.delete(id);
    this.#samples.set(id, samples.length > mostSamples ? thin(samples) : samples);
    const [oldest] = this.#samples.keys();
    if (this.#samples.size > mostTasks && oldest !== undefined) {
      this.#samples.delete(oldest);
      this.#beats.delete(oldest);
    }
  }

  #keepBeat({ id, heartbeatAgeSeconds: age }: Task, at: number): void {
    // A beat of the future would hide those that come.
    if (age === null || age < 0) return;
    const beats = this.#beats.get(id) ?? [];
    const last = beats.at(-1) ?? -Infinity;
    if (at - age < last + beatSeconds) return;
    this.#beats.set(id, [...beats, Math.round(at - age)].slice(-mostBeats));
  }

  #addRates(added: ReadonlyMap<number, number | null>, seconds: number): void {
    for (const [pipelineId, rates] of this.#rates) {
      if (!added.has(pipelineId) && rates.every((rate) => rate === null || rate === 0)) this.#rates.delete(pipelineId);
    }
    for (const pipelineId of new Set([...this.#rates.keys(), ...added.keys()])) {
      const events = added.has(pipelineId) ? (added.get(pipelineId) ?? null) : 0;
      const rate = events === null ? null : Math.round((events / seconds) * 100) / 100;
      this.#rates.set(pipelineId, [...(this.#rates.get(pipelineId) ?? []), rate].slice(-steps));
    }
  }
}

/** The first, the older half without every second one, the newer half. */
function thin(samples: readonly Sample[]): Sample[] {
  const half = samples.length / 2;
  return samples.filter((_sample, i) => i >= half || i % 2 === 0);
}
