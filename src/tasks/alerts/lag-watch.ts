import { isLowHead } from '../../model/low-head.js';
import type { Task } from '../../model/task.js';

/** Where a run stood at a time of the monotonic clock, in milliseconds. */
interface Sight {
  readonly at: number;
  readonly next: number;
  readonly head: number;
}

/** How far behind a run is. `behind`: for so many seconds, and it does not gain; `near`: by less than the limit. */
export type Lag =
  | { readonly kind: 'behind'; readonly blocks: number; readonly seconds: number }
  | { readonly kind: 'near' }
  | { readonly kind: 'unsure' };

/**
 * Remembers where runs stood, and tells from it how long they are behind: whoever has not come by now to the block that was
 * the head some minutes ago is behind by as long. No clock of a chain is asked, and blocks may come at any rate.
 */
export class LagWatch {
  readonly #limitMs: number;
  /** By task, oldest first: the last one from before the limit, and what came since. */
  readonly #sights = new Map<number, Sight[]>();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Takes where a run stands. */
  note(task: Pick<Task, 'id' | 'progress'>, at: number): Lag {
    const { nextBlock: next = null, headBlock, readableBlock } = task.progress ?? {};
    const head = readableBlock ?? headBlock ?? null;
    if (next === null || head === null || isLowHead(headBlock ?? head, next - 1)) return { kind: 'unsure' };
    const sights = [...(this.#sights.get(task.id) ?? []), { at, next, head }];
    while (sights[1] !== undefined && at - sights[1].at >= this.#limitMs) sights.shift();
    this.#sights.set(task.id, sights);
    return this.#judge(sights, { at, next, head });
  }

  /** Forgets all other runs. */
  keep(taskIds: ReadonlySet<number>): void {
    for (const id of this.#sights.keys()) if (!taskIds.has(id)) this.#sights.delete(id);
  }

  #judge(sights: readonly Sight[], now: Sight): Lag {
    const passed = sights.find(({ head }) => head >= now.next);
    // It has come to a head that was seen within the limit: it is behind by less.
    if (passed === undefined || passed !== sights[0]) return { kind: 'near' };
    if (now.at - passed.at < this.#limitMs) return { kind: 'unsure' };
    const gained = passed.head - passed.next - (now.head - now.next);
    if (gained > 0) return { kind: 'unsure' };
    return { kind: 'behind', blocks: now.head - now.next, seconds: Math.round((now.at - passed.at) / 1_000) };
  }
}
