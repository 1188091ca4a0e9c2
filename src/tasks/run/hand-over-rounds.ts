import type { HandOver, TaskStore } from '../../database/tasks/task-store.js';
import { Together } from './together.js';

/** Hands tasks of a process over: those that end at one time, as all do where it is told to end, together. */
export class HandOverRounds {
  readonly #together: Together<HandOver, boolean>;

  constructor(tasks: Pick<TaskStore, 'handOver' | 'handOverAll'>) {
    this.#together = new Together({
      all: async (ends) => {
        await tasks.handOverAll(ends);
        return ends.map(() => true);
      },
      one: (end) => tasks.handOver(end),
    });
  }

  /** As `TaskStore.handOver`. */
  handOver(end: HandOver): Promise<boolean> {
    return this.#together.write(end);
  }
}
