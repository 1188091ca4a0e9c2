import { instantToMs } from '../../model/instant.js';
import { taskStatus, type Task } from '../../model/task.js';
import type { Lang } from '../../runtime/lang.js';
import { ageText } from '../terminal/age-text.js';
import type { TaskDefaults } from './explain-life.js';

type Explain = (task: Task, defaults: TaskDefaults) => Readonly<Record<Lang, string>>;

const explanations: Readonly<Record<string, Explain>> = {
  completed: () => ({ en: 'it came to its end: its last block is committed', zh: '已运行到终点: 最后一个区块已提交' }),
  stopped: () => ({
    en: 'a person stopped it: Ctrl-C, SIGTERM or chainparse tasks cancel',
    zh: '由人停止: Ctrl-C, SIGTERM 或 chainparse tasks cancel',
  }),
  taken_over: ({ error }) => {
    const how = error ?? '';
    return { en: `another run has its pipeline: ${how}`, zh: `流水线已由另一次运行接管: ${how}` };
  },
  timeout: explainTimeout,
  needs_rewind: () => ({
    en: 'the chain was reorganised deeper than is remembered: its pipeline is parked until it is rewound',
    zh: '链重组深度超出记录: 流水线已停放, 须先回退',
  }),
};

/** Says in words why a task ended; null where it has not ended. */
export function explainEnd(task: Task, defaults: TaskDefaults, lang: Lang): string | null {
  if (task.status !== taskStatus.succeeded && task.status !== taskStatus.failed) return null;
  if (task.endReason === null) {
    return lang === 'zh' ? '结束它的程序未写明原因' : 'the program that ended it wrote no reason';
  }
  const explain = explanations[task.endReason] ?? explainFailure;
  return explain(task, defaults)[lang];
}

function explainTimeout(task: Task, { taskTimeoutMinutes }: TaskDefaults): Readonly<Record<Lang, string>> {
  const minutes = task.timeoutMinutes ?? taskTimeoutMinutes;
  const sign = task.lastHeartbeat ?? task.createTime;
  const silence = (lang: Lang): string =>
    ageText((instantToMs(task.endTime ?? sign) - instantToMs(sign)) / 1_000, lang);
  const name = /failed by monitor (.+)$/.exec(task.error ?? '')?.[1] ?? null;
  const beaten = task.lastHeartbeat !== null;
  const en = beaten ? `its last heartbeat came at ${sign}` : `it had never beaten since its creation at ${sign}`;
  const zh = beaten ? `最后心跳在 ${sign}` : `自 ${sign} 创建后从未心跳`;
  return {
    en: `${name === null ? 'a monitor' : `monitor ${name}`} found it silent for ${silence('en')}, timeout ${minutes} min: ${en}`,
    zh: `监控器${name === null ? '' : ` ${name} `}发现其静默 ${silence('zh')}, 超时 ${minutes} 分钟: ${zh}`,
  };
}

function explainFailure({ endReason }: Task): Readonly<Record<Lang, string>> {
  return { en: `its run failed: ${endReason ?? ''}`, zh: `运行失败: ${endReason ?? ''}` };
}
