import type { DemoProcess } from './demo-process.js';
import { readTasks } from './demo-reads.js';
import type { DemoStage } from './demo-stage.js';

/** Asks the runs to end, and shows what became of every task. */
export async function stopAll(stage: DemoStage, runs: readonly DemoProcess[]): Promise<void> {
  await stage.narrator.begin('tasks', {
    en: 'The end: both runs are asked to stop, and the table tells what became of each task',
    zh: '收尾：请两个运行停下，任务表说明每个任务的结局',
  });
  for (const run of runs) run.signal('SIGTERM');
  await stage.narrator.show(`kill ${runs.map(({ pid }) => pid ?? '').join(' ')}`);
  const ends = await stage.patience.until(() =>
    runs.every(({ isOver }) => isOver) ? Promise.all(runs.map(({ ended }) => ended)) : undefined,
  );
  await stage.narrator.check(ends?.every(({ code }) => code === 0) === true, {
    en: 'both finished the work in hand and ended: exit code 0',
    zh: '两者都做完手头的工作后退出：退出码 0',
  });
  await stage.tell('tasks', 'list');
  const tasks = await readTasks(stage);
  const outcomes = [...tasks].reverse().map((task) => `${task.status_name} (${task.end_reason ?? ''})`);
  await stage.narrator.check(outcomes.join(', ') === 'succeeded (stopped), failed (timeout), succeeded (stopped)', {
    en: 'no task is left running',
    zh: '没有仍在运行的任务',
  });
}
