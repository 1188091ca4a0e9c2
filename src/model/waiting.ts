import type { Lang } from '../runtime/lang.js';
import { textsIn } from '../texts/texts.js';

/**
 * Why a queued task has not begun. `turn`: another task runs its pipeline; `unfit`: a worker has said why it can't run it;
 * `full`: every living worker runs as many tasks as it may; `soon`: a worker takes it up at its next look.
 */
export type Waiting =
  | { readonly kind: 'turn'; readonly taskId: number }
  | { readonly kind: 'no_worker' }
  | { readonly kind: 'unfit'; readonly reason: string }
  | { readonly kind: 'full'; readonly workers: number }
  | { readonly kind: 'soon' };

/** Says in words what a queued task waits for. */
export function waitingText(waits: Waiting, lang: Lang): string {
  const { waiting } = textsIn(lang);
  switch (waits.kind) {
    case 'turn':
      return waiting.turn(waits.taskId);
    case 'no_worker':
      return waiting.noWorker;
    case 'unfit':
      return waiting.unfit(waits.reason);
    case 'full':
      return waiting.full(waits.workers);
    case 'soon':
      return waiting.soon;
  }
}
