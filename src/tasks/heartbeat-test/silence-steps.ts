import { taskStatus } from '../../model/task.js';
import { demand, rowsHint } from './step-failed-error.js';
import type { Text } from './step-failed-error.js';
import type { Judged } from './silence-trial.js';
import type { TestStep } from './test-step.js';

const clockHint: Text = {
  en: 'see whether the database understands its own times: SELECT id, create_time, last_heartbeat, NOW() FROM pipeline_task; chainparse migrate --time-zone changes the zone they are read in',
  zh: '请检查数据库是否正确理解自己的时间: SELECT id, create_time, last_heartbeat, NOW() FROM pipeline_task; chainparse migrate --time-zone 可更改其时区',
};

/** Whom a monitor fails, and whom it does not. */
export const silenceSteps: readonly TestStep[] = [
  {
    name: 'silent_by_heartbeat',
    title: { en: 'a task that stopped beating times out', zh: '停止心跳的任务超时' },
    run: async ({ trial }) => ({ detail: demandFailed((await trial.judge()).quiet, true) }),
  },
  {
    name: 'silent_by_creation',
    title: { en: 'a task that never beat times out by its creation time', zh: '从未心跳的任务按创建时间超时' },
    run: async ({ trial }) => ({ detail: demandFailed((await trial.judge()).mute, false) }),
  },
  {
    name: 'beating_survives',
    title: { en: 'a task that beats does not time out', zh: '有心跳的任务不超时' },
    async run({ scene, trial }) {
      const { task, isListed, reportedBy } = (await trial.judge()).living;
      const lost = await scene.beat(task.id);
      const holds = task.status === taskStatus.running && !isListed && reportedBy.length === 0 && lost.length === 0;
      const detail = holds
        ? { en: `judged with the others, task ${task.id} goes on`, zh: `与其他任务一同判定, 任务 ${task.id} 继续运行` }
        : {
            en: `task ${task.id} was ${isListed ? 'taken for silent' : 'not listed'}, and ended as ${String(task.endReason)}`,
            zh: `任务 ${task.id} ${isListed ? '被视为静默' : '未列入'}, 以 ${String(task.endReason)} 结束`,
          };
      demand(holds, detail, clockHint);
      return { detail };
    },
  },
  {
    name: 'two_monitors_once',
    title: { en: 'two monitors at the same moment report a task once', zh: '两个监控器同时判定, 只报告一次' },
    async run({ trial }) {
      const { quiet, mute } = await trial.judge();
      const counts = [quiet, mute].map(({ reportedBy }) => reportedBy.length);
      const detail = {
        en: `reported ${counts.join(' and ')} times${others([quiet, mute], 'en')}`,
        zh: `分别报告 ${counts.join(' 次和 ')} 次${others([quiet, mute], 'zh')}`,
      };
      demand([quiet, mute].every(isToldOnce), detail, rowsHint);
      return { detail };
    },
  },
];

/** Demands that a task was found silent and failed; says how. */
function demandFailed({ task, isListed, isAnothers }: Judged, hasBeaten: boolean): Text {
  const isFailed = task.status === taskStatus.failed && task.endReason === 'timeout';
  const holds = isFailed && (isListed || isAnothers) && (task.lastHeartbeat !== null) === hasBeaten;
  const after = `${task.silentSeconds} s`;
  const detail: Text = isFailed
    ? {
        en: `task ${task.id} failed after ${after} of silence${isAnothers ? ', by a monitor that is at work here' : ''}`,
        zh: `任务 ${task.id} 静默 ${after} 后失败${isAnothers ? ', 由正在运行的监控器判定' : ''}`,
      }
    : {
        en: `task ${task.id} has been silent for ${after}, was ${isListed ? 'listed' : 'not listed'} as silent, and was not failed`,
        zh: `任务 ${task.id} 已静默 ${after}, ${isListed ? '已' : '未'}列入静默名单, 未被判失败`,
      };
  demand(holds, detail, clockHint);
  return detail;
}

/** One of the test's monitors has told it, or one that is at work here and was faster. */
function isToldOnce({ task, reportedBy, isAnothers }: Judged): boolean {
  if (isAnothers) return reportedBy.length === 0;
  return reportedBy.length === 1 && reportedBy[0] === task.error;
}

function others(judged: readonly Judged[], lang: 'en' | 'zh'): string {
  const count = judged.filter(({ isAnothers }) => isAnothers).length;
  if (count === 0) return '';
  return lang === 'zh' ? `; 另有 ${count} 个由正在运行的监控器判定` : `; ${count} by a monitor that is at work here`;
}
