import type { EndpointState } from '../../model/rpc-endpoint.js';
import type { PipelineState } from '../../tasks/views/system-status.js';
import type { Lang } from '../../runtime/lang.js';
import { briefProgress } from '../terminal/brief-texts.js';
import type { Heading } from '../terminal/render-table.js';

export const stateTexts: Readonly<Record<PipelineState, Readonly<Record<Lang, string>>>> = {
  silent: { en: 'silent', zh: '静默' },
  parked: { en: 'parked', zh: '已暂停' },
  failed: { en: 'failed', zh: '失败' },
  running: { en: 'running', zh: '正在运行' },
  queued: { en: 'queued', zh: '等待运行' },
  // The word that the task itself has: a status has one name.
  ended: { en: 'succeeded', zh: '成功或结束' },
  never_ran: { en: 'never ran', zh: '从未运行' },
  disabled: { en: 'disabled', zh: '已停用' },
};

export const endpointStateTexts: Readonly<Record<EndpointState, Readonly<Record<Lang, string>>>> = {
  healthy: { en: 'healthy', zh: '正常' },
  limited: { en: 'limits us', zh: '限流' },
  failing: { en: 'calls fail', zh: '调用失败' },
  resting: { en: 'away', zh: '不可用' },
  wrong_chain: { en: 'other chain', zh: '属于另一条链' },
  unasked: { en: 'not asked yet', zh: '尚未使用' },
};

/** The columns of the pipelines of `chainparse status`. */
export const pipelineHeadings: readonly Heading[] = [
  { en: 'id', zh: '编号', align: 'right' },
  { en: 'pipeline', zh: '流水线', least: 12 },
  { en: 'state', zh: '状态', least: 26 },
  { en: 'behind', zh: '落后', align: 'right' },
  { en: 'events', zh: '事件', align: 'right', cut: 1 },
  { en: 'events/s', zh: '事件/秒', align: 'right', cut: 2 },
  { en: 'last block', zh: '最后区块', align: 'right', cut: 3 },
  { en: 'heartbeat', zh: '最后心跳', align: 'right' },
];

/** The columns of its running tasks. */
export const runningHeadings: readonly Heading[] = [
  { en: 'task', zh: '任务', align: 'right' },
  { en: 'pipeline', zh: '流水线', align: 'right' },
  { en: 'silent for', zh: '静默', align: 'right' },
  { en: 'timeout', zh: '超时', align: 'right', cut: 3 },
  { en: 'events/s', zh: '事件/秒', align: 'right', cut: 2 },
  { en: 'worker', zh: '进程', cut: 4, least: 12 },
  { en: 'progress', zh: '进度', cut: 1, least: 18, brief: briefProgress },
];

/** The columns of its alerts. */
export const alertHeadings: readonly Heading[] = [
  { en: 'alert', zh: '告警', align: 'right' },
  { en: 'rule', zh: '规则', cut: 1 },
  { en: 'for', zh: '持续', align: 'right' },
  { en: 'message', zh: '内容', least: 24 },
];

/** The columns of the endpoints that they ask. */
export const endpointHeadings: readonly Heading[] = [
  { en: 'endpoint', zh: '节点', least: 16 },
  { en: 'chain', zh: '链', cut: 1 },
  { en: 'state', zh: '状态', least: 12 },
  { en: 'head ms', zh: '链头毫秒', align: 'right', cut: 3 },
  { en: 'logs ms', zh: '日志毫秒', align: 'right', cut: 4 },
  { en: 'last error', zh: '最近错误', cut: 2, least: 16 },
];

export const titles = {
  pipelines: { en: 'PIPELINES', zh: '流水线' },
  running: { en: 'RUNNING TASKS, the most silent first', zh: '运行中的任务（静默最久的在前）' },
  alerts: { en: 'ALERTS', zh: '告警' },
  endpoints: { en: 'RPC ENDPOINTS', zh: 'RPC 节点' },
} as const satisfies Record<string, Record<Lang, string>>;

/** What stands below a table that had to be cut. */
export function moreText(count: number, lang: Lang): string {
  return lang === 'zh' ? `  … 另有 ${count} 项` : `  … and ${count} more`;
}
