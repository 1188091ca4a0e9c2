import type { DemoProcess } from './demo-process.js';
import { readTask, readTasks, type DemoTask } from './demo-reads.js';
import type { DemoStage } from './demo-stage.js';
import { checkStored, runArguments, startRun } from './follow-chain.js';
import { importCopy, pipelineId, type Scene } from './set-the-stage.js';

/** The pipeline whose task is frozen. */
export const frozenPipelineId = 46;

/** A task whose process has been stopped in its tracks. */
export interface FrozenTask {
  readonly id: number;
  readonly process: DemoProcess;
}

/** Runs a second pipeline, freezes its process and watches it fall silent, while the first goes on. */
export async function freezeTask(stage: DemoStage, { node, token }: Scene): Promise<FrozenTask> {
  await stage.narrator.begin('frozen', {
    en: `A frozen task: the process that runs pipeline ${frozenPipelineId} is stopped in its tracks`,
    zh: `一个冻结的任务：运行流水线 ${frozenPipelineId} 的进程被突然停住`,
  });
  await importCopy(stage, frozenPipelineId);
  const process = await startRun(stage, frozenPipelineId, node.url);
  await checkStored(stage, token, frozenPipelineId);
  const task = await stage.patience.until(() => readTask(stage, frozenPipelineId));
  await checkRefused(stage, node.url);
  process.signal('SIGSTOP');
  await stage.narrator.show(`kill -STOP ${process.pid ?? ''}`);
  await watchSilence(stage);
  return { id: task?.task_id ?? 0, process };
}

/** A second run of a pipeline whose task is alive is refused. */
async function checkRefused(stage: DemoStage, url: string): Promise<void> {
  const args = runArguments(frozenPipelineId, url);
  const rival = stage.chainparse(...args, '--log-format', 'json');
  const { code } = await rival.ended;
  await stage.narrator.show(`chainparse ${args.join(' ')}`, rival.stderr);
  await stage.narrator.check(code === 4, {
    en: 'as long as it beats, nobody else may run its pipeline: exit code 4',
    zh: '只要它还在心跳，别人就不能运行同一条流水线：退出码 4',
  });
}

async function watchSilence(stage: DemoStage): Promise<void> {
  let shown = -1;
  const silent = await stage.patience.until(async () => {
    const tasks = await readTasks(stage);
    const [live, frozen] = [ageOf(tasks, pipelineId), ageOf(tasks, frozenPipelineId)];
    if (frozen > shown) {
      await stage.narrator.say({
        en: `last heartbeat of pipeline ${pipelineId}: ${live} s ago, of pipeline ${frozenPipelineId}: ${frozen} s ago`,
        zh: `最后心跳：流水线 ${pipelineId} 在 ${live} 秒前，流水线 ${frozenPipelineId} 在 ${frozen} 秒前`,
      });
    }
    shown = Math.max(shown, frozen);
    return frozen > 3 && live <= 3 ? { live, frozen } : undefined;
  });
  await stage.narrator.check(silent !== undefined, {
    en: 'the frozen one has missed three heartbeats; the other one beats on',
    zh: '被冻结的已错过三次心跳，另一个照常心跳',
  });
}

function ageOf(tasks: readonly DemoTask[], id: number): number {
  return tasks.find(({ pipeline_id }) => pipeline_id === id)?.heartbeat_age_seconds ?? 0;
}
