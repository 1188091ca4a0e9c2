import { readTasks, type DemoTask } from './demo-reads.js';
import type { DemoStage } from './demo-stage.js';
import { frozenPipelineId, type FrozenTask } from './freeze-task.js';
import { pipelineId } from './set-the-stage.js';

/** Lets the monitor judge once, and checks that it fails the task that fell silent, and no other. */
export async function runMonitor(stage: DemoStage, frozen: FrozenTask): Promise<void> {
  await stage.narrator.begin('monitor', {
    en: 'The monitor: it fails the task that has been silent for more than 3 seconds (0.05 minutes), and no other',
    zh: '监控：沉默超过 3 秒（0.05 分钟）的任务判为失败，其余的不碰',
  });
  const told = await judgeOnce(stage);
  await stage.narrator.check(told.length === 1 && told[0] === frozen.id, {
    en: `it told of task ${frozen.id}, the frozen one, and of no other`,
    zh: `它只报告了一个任务：被冻结的任务 ${frozen.id}`,
  });
  await checkJudged(stage, await readTasks(stage), frozen.id);
}

/** Runs the monitor for one check; returns the ids of the tasks that its log says have timed out. */
async function judgeOnce(stage: DemoStage): Promise<readonly number[]> {
  const args = ['monitor', '--once', '--timeout', '0.05', '--heartbeat-interval', '1'];
  const monitor = stage.chainparse(...args, '--log-format', 'pretty');
  const { code } = await monitor.ended;
  stage.patience.signal.throwIfAborted();
  await stage.narrator.show(`chainparse ${args.join(' ')}`, monitor.stderr + monitor.stdout);
  await stage.narrator.check(code === 0, {
    en: 'it made one check and ended: exit code 0',
    zh: '检查一次后退出：退出码 0',
  });
  return [...monitor.stderr.matchAll(/: task_id=(\d+), pipeline_id=/g)].map(([, id]) => Number(id));
}

async function checkJudged(stage: DemoStage, tasks: readonly DemoTask[], frozenId: number): Promise<void> {
  const frozen = tasks.find(({ task_id }) => task_id === frozenId);
  const isFailed = frozen?.pipeline_id === frozenPipelineId && frozen.status_name === 'failed';
  await stage.narrator.check(isFailed && frozen.end_reason === 'timeout', {
    en: `task ${frozenId} of pipeline ${frozenPipelineId} is failed (timeout)`,
    zh: `流水线 ${frozenPipelineId} 的任务 ${frozenId} 已失败 (timeout)`,
  });
  const live = tasks.find(({ pipeline_id }) => pipeline_id === pipelineId);
  await stage.narrator.check(live?.status_name === 'running' && live.end_reason === null, {
    en: `task ${live?.task_id ?? 0} of pipeline ${pipelineId} is untouched and runs on`,
    zh: `流水线 ${pipelineId} 的任务 ${live?.task_id ?? 0} 未受影响，继续运行`,
  });
}
