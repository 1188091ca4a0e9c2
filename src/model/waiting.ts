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
export function waitingText(waiting: Waiting, lang: 'en' | 'zh'): string {
  const zh = lang === 'zh';
  switch (waiting.kind) {
    case 'turn':
      return zh
        ? `任务 ${waiting.taskId} 结束: 它正在运行此流水线`
        : `task ${waiting.taskId} to end: it runs this pipeline`;
    case 'no_worker':
      return zh
        ? '工作进程: 没有存活的; 请运行 chainparse worker'
        : 'a worker: none is alive; start one with chainparse worker';
    case 'unfit':
      return zh ? `能运行它的工作进程: ${waiting.reason}` : `a worker that can run it: ${waiting.reason}`;
    case 'full':
      return zh
        ? `空闲的工作进程: 存活的 ${waiting.workers} 个都已满`
        : `a free worker: ${waiting.workers === 1 ? 'the one that is alive is' : `all ${waiting.workers} that are alive are`} full`;
    case 'soon':
      return zh ? '工作进程: 马上开始' : 'a worker, which begins it in a moment';
  }
}
