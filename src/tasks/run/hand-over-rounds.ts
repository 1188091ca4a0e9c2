import { FenceError } from '../../database/script.js';
import type { HandOver, TaskStore } from '../../database/tasks/task-store.js';
import { Together } from './together.js';

/** Hands tasks of a process over: those that end at one time, as all do where it is told to end, together. */
export class HandOverRounds {
  readonly #together: Together<HandOver, boolean>;

  constructor(tasks: Pick<TaskStore, 'handOver' | 'handOverAll'>) {
    this.#together = new Together({
      all: (ends) => tasks.handOverAll(ends),
      one: (end) => tasks.handOver(end),
      written: () => true,
    });
  }

  /** As `TaskStore.handOver`. */
  async handOver(end: HandOver): Promise<boolean> {
    try {
      return await this.#together.write(end);
    } catch (error) {
      // A round of one has nothing to write but what was refused.
      if (error instanceof FenceError) return false;
      throw error;
    }
  }
}
