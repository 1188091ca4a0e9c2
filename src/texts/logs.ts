import { inBoth } from './in-both.js';

/** The lines that operators search for. */
export const logs = inBoth(
  {
    heartbeatFailed: (taskId: number, error: string) => `heartbeat failed: task_id=${taskId}, error: ${error}`,
    heartbeatSent: (taskId: number) => `heartbeat: task_id=${taskId}`,
    timedOut: (taskId: number, pipelineId: number, sign: string, minutesAgo: number, timeoutMinutes: number) =>
      `task timed out: task_id=${taskId}, pipeline_id=${pipelineId}, ${sign} (${minutesAgo} min ago), timeout ${timeoutMinutes} min`,
    neverBeaten: (createTime: string) => `never sent a heartbeat, created ${createTime}`,
    lastHeartbeat: (instant: string) => `last heartbeat ${instant}`,
    statusChanged: (taskId: number, change: string) => `task ${taskId}: ${change}`,
    timeoutChecked: (running: number, timedOut: number, ms: number) =>
      `timeout check: ${running} running, ${timedOut} timed out, ${ms} ms`,
  },
  {
    heartbeatFailed: (taskId, error) => `更新任务心跳异常: task_id=${taskId}, 错误: ${error}`,
    heartbeatSent: (taskId) => `任务心跳已更新: task_id=${taskId}`,
    timedOut: (taskId, pipelineId, sign, minutesAgo, timeoutMinutes) =>
      `任务超时失败: task_id=${taskId}, pipeline_id=${pipelineId}, ${sign} (${minutesAgo} 分钟前), 超时 ${timeoutMinutes} 分钟`,
    neverBeaten: (createTime) => `从未心跳, 创建时间 ${createTime}`,
    lastHeartbeat: (instant) => `最后心跳时间 ${instant}`,
    statusChanged: (taskId, change) => `任务 ${taskId}: ${change}`,
    timeoutChecked: (running, timedOut, ms) => `超时检查: ${running} 个正在运行, ${timedOut} 个超时, ${ms} ms`,
  },
);
