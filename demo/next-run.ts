import type { DemoProcess } from './demo-process.js';
import { readTasks } from './demo-reads.js';
import type { DemoStage } from './demo-stage.js';
import { checkStored, sendTransfers, startRun } from './follow-chain.js';
import { frozenPipelineId, type FrozenTask } from './freeze-task.js';
import type { Scene } from './set-the-stage.js';

/** Runs the pipeline of the failed task again, wakes the frozen process, and checks that it can't write any more. */
export async function runNext(stage: DemoStage, { node, token }: Scene, frozen: FrozenTask): Promise<DemoProcess> {
  await stage.narrator.begin('next-run', {
    en: 'The next run: it starts at once as a new task, and the old one can write no more, even when it wakes up',
    zh: '下一次运行：立即作为新任务启动；旧任务即使醒来，也再写不进任何数据',
  });
  await sendTransfers(stage, token, 2);
  const successor = await startRun(stage, frozenPipelineId, node.url);
  await checkStored(stage, token, frozenPipelineId);
  await checkFollowed(stage, frozen.id);
  await wake(stage, frozen);
  await checkStored(stage, token, frozenPipelineId);
  return successor;
}

async function checkFollowed(stage: DemoStage, frozenId: number): Promise<void> {
  const tasks = await readTasks(stage);
  const old = tasks.find(({ task_id }) => task_id === frozenId);
  const newest = tasks.find(({ pipeline_id }) => pipeline_id === frozenPipelineId);
  const newId = newest?.task_id ?? 0;
  const isFollowed = old?.end_reason === 'timeout' && newest?.status_name === 'running' && newId > frozenId;
  await stage.narrator.check(isFollowed, {
    en: `nothing was left to take over: task ${newId} runs, and has read what was missed since task ${frozenId} froze`,
    zh: `无需接管：任务 ${newId} 正在运行，并已补读任务 ${frozenId} 冻结后错过的区块`,
  });
}

async function wake(stage: DemoStage, { id, process }: FrozenTask): Promise<void> {
  const before = await traceOf(stage, id);
  process.signal('SIGCONT');
  const end = await stage.patience.until(() => (process.isOver ? process.ended : undefined));
  const error = process.stderr.split('\n').filter((line) => line.startsWith('error: '));
  await stage.narrator.show(`kill -CONT ${process.pid ?? ''}`, error.join('\n'));
  await stage.narrator.check(end?.code === 4, {
    en: 'the frozen process woke up, found its lease lost and ended: exit code 4',
    zh: '被冻结的进程醒来，发现租约已失，随即退出：退出码 4',
  });
  await stage.narrator.check((await traceOf(stage, id)) === before, {
    en: 'it wrote nothing: neither heartbeat nor progress of its task has moved',
    zh: '它什么也没写：任务的心跳和进度都没有变',
  });
}

/** What each write of a task changes of its row: a batch of events lands together with a heartbeat. */
async function traceOf(stage: DemoStage, id: number): Promise<string> {
  const task = (await readTasks(stage)).find(({ task_id }) => task_id === id);
  return JSON.stringify([task?.last_heartbeat, task?.progress, task?.status_name, task?.end_reason]);
}
