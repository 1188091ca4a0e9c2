import type { DemoProcess } from './demo-process.js';
import { readTasks } from './demo-reads.js';
import type { DemoStage } from './demo-stage.js';
import { checkStored, sendTransfers, startRun } from './follow-chain.js';
import { frozenPipelineId, type FrozenTask } from './freeze-task.js';
import type { Scene } from './set-the-stage.js';

/** Lets another run take the pipeline over, wakes the frozen one, and checks that it can't write any more. */
export async function takeOver(stage: DemoStage, { node, token }: Scene, frozen: FrozenTask): Promise<DemoProcess> {
  await stage.narrator.begin('take-over', {
    en: 'A take-over: the lease goes to a new task, and the old one can write no more',
    zh: '一次接管：租约归新任务所有，旧任务再也写不进去',
  });
  await sendTransfers(stage, token, 2);
  const successor = await startRun(stage, frozenPipelineId, node.url);
  await checkStored(stage, token, frozenPipelineId);
  await checkReplaced(stage, frozen.id);
  await wake(stage, frozen);
  await checkStored(stage, token, frozenPipelineId);
  return successor;
}

async function checkReplaced(stage: DemoStage, frozenId: number): Promise<void> {
  const tasks = await readTasks(stage);
  const old = tasks.find(({ task_id }) => task_id === frozenId);
  const newest = tasks.find(({ pipeline_id }) => pipeline_id === frozenPipelineId);
  const isReplaced =
    old?.status_name === 'failed' && old.end_reason === 'taken_over' && newest?.status_name === 'running';
  await stage.narrator.check(isReplaced, {
    en: `task ${frozenId} failed (taken_over), task ${newest?.task_id ?? 0} runs and has read what was missed`,
    zh: `任务 ${frozenId} 失败 (taken_over)，任务 ${newest?.task_id ?? 0} 正在运行，并已补读错过的区块`,
  });
}

async function wake(stage: DemoStage, { process }: FrozenTask): Promise<void> {
  process.signal('SIGCONT');
  const end = await stage.patience.until(() => (process.isOver ? process.ended : undefined));
  const error = process.stderr.split('\n').filter((line) => line.startsWith('error: '));
  await stage.narrator.show(`kill -CONT ${process.pid ?? ''}`, error.join('\n'));
  await stage.narrator.check(end?.code === 4, {
    en: 'the frozen process woke up, found its lease lost and ended: exit code 4',
    zh: '被冻结的进程醒来，发现租约已失，随即退出：退出码 4',
  });
}
