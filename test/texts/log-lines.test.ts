import { expect } from 'chai';
import {
  heartbeatFailed,
  heartbeatSent,
  statusChanged,
  taskTimedOut,
  timeoutChecked,
} from '../../src/texts/log-lines.js';

const task = { taskId: 123, pipelineId: 45 };
const silent = {
  ...task,
  lastHeartbeat: '2024-01-15T10:05:30',
  createTime: '2024-01-15T10:00:00',
  silentSeconds: 61 * 60 + 59,
  timeoutMinutes: 60,
};

describe('log lines', () => {
  it('tell a failed beat from one that landed', () => {
    expect(heartbeatFailed('en', task, 'gone')).to.deep.equal({
      level: 'error',
      message: 'heartbeat failed: task_id=123, error: gone',
      fields: { event: 'heartbeat.failed', task_id: 123, pipeline_id: 45, error: 'gone' },
    });
    expect(heartbeatFailed('zh', task, 'gone').message).to.equal('更新任务心跳异常: task_id=123, 错误: gone');
    expect(heartbeatSent('en', { taskId: 123 })).to.deep.equal({
      level: 'debug',
      message: 'heartbeat: task_id=123',
      fields: { event: 'heartbeat.sent', task_id: 123 },
    });
    expect(heartbeatSent('zh', task).message).to.equal('任务心跳已更新: task_id=123');
  });

  it('say when a task that timed out was last heard', () => {
    const line = taskTimedOut('en', silent);
    expect(line.level).to.equal('warn');
    expect(line.message).to.equal(
      'task timed out: task_id=123, pipeline_id=45, last heartbeat 2024-01-15T10:05:30 (61 min ago), timeout 60 min',
    );
    expect(line.fields).to.include({ event: 'task.timed_out', task_id: 123, pipeline_id: 45, timeout_minutes: 60 });
    expect(taskTimedOut('zh', silent).message).to.equal(
      '任务超时失败: task_id=123, pipeline_id=45, 最后心跳时间 2024-01-15T10:05:30 (61 分钟前), 超时 60 分钟',
    );
  });

  it('say that a task was never heard', () => {
    const never = { ...silent, lastHeartbeat: null };
    expect(taskTimedOut('en', never).message).to.contain(
      'never sent a heartbeat, created 2024-01-15T10:00:00 (61 min ago), timeout 60 min',
    );
    expect(taskTimedOut('zh', never).message).to.contain('从未心跳, 创建时间 2024-01-15T10:00:00');
  });

  it('name both statuses and the reason', () => {
    const line = statusChanged('en', { ...task, from: 'running', to: 'failed', reason: 'timeout' });
    expect(line.level).to.equal('info');
    expect(line.message).to.equal('task 123: running -> failed (timeout)');
    const chinese = statusChanged('zh', { ...task, from: 'running', to: 'failed', reason: 'timeout' });
    expect(chinese.message).to.equal('任务 123: 正在运行 -> 失败 (timeout)');
    expect(chinese.fields, 'programs read them').to.deep.equal(line.fields);
    expect(line.fields).to.include({ event: 'task.status', from: 'running', to: 'failed', reason: 'timeout' });
    expect(statusChanged('en', { ...task, from: 'queued', to: 'running' }).message).to.equal(
      'task 123: queued -> running',
    );
  });

  it('raise a check to info only where a task timed out', () => {
    const check = { running: 12, timedOut: 1, durationMs: 3.4 };
    expect(timeoutChecked('en', check)).to.deep.equal({
      level: 'info',
      message: 'timeout check: 12 running, 1 timed out, 3 ms',
      fields: { event: 'monitor.checked', running: 12, timed_out: 1, duration_ms: 3 },
    });
    expect(timeoutChecked('zh', { ...check, timedOut: 0 })).to.include({
      level: 'debug',
      message: '超时检查: 12 个正在运行, 0 个超时, 3 ms',
    });
  });
});
