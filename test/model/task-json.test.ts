import { expect } from 'chai';
import { taskPageToJson, taskToJson } from '../../src/model/task-json.js';
import type { Task } from '../../src/model/task.js';

const running: Task = {
  id: 123,
  pipelineId: 45,
  status: 0,
  createTime: '2024-01-15T10:00:00',
  lastHeartbeat: '2024-01-15T10:05:30',
  logPath: 'logs/pipeline_123.log',
  worker: 'host-1:4711',
  workerIdentity: 'boot/7',
  heartbeatInterval: 30,
  timeoutMinutes: null,
  endTime: null,
  endReason: null,
  error: null,
  progress: { mode: 'realtime', nextBlock: 18_000_010, targetBlock: null, headBlock: 18_000_012, events: 4711 },
  heartbeatAgeSeconds: 12,
  silentSeconds: 12,
  keepsBlock: null,
  waiting: null,
};

describe('a task as JSON', () => {
  it('is what the contract shows, keys in that order', () => {
    const page = taskPageToJson([running], { total: 1, page: 1, pageSize: 20, timeoutMinutes: 60 });
    expect(JSON.stringify(page)).to.equal(
      '{"tasks":[{"task_id":123,"pipeline_id":45,"status":0,"status_text":"正在运行","status_name":"running",' +
        '"create_time":"2024-01-15T10:00:00","last_heartbeat":"2024-01-15T10:05:30",' +
        '"log_path":"logs/pipeline_123.log","worker":"host-1:4711","heartbeat_age_seconds":12,"timeout_minutes":60,' +
        '"end_time":null,"end_reason":null,"error":null,' +
        '"progress":{"mode":"realtime","next_block":18000010,"target_block":null,"head_block":18000012,"events":4711,"lag_blocks":2}}],' +
        '"total":1,"page":1,"page_size":20}',
    );
  });

  it('has the task’s own timeout where it has one, and null for what an older program never wrote', () => {
    const older = {
      ...running,
      status: 7,
      timeoutMinutes: 1.5,
      worker: null,
      progress: null,
      heartbeatAgeSeconds: null,
    };
    expect(taskToJson(older, { timeoutMinutes: 60 })).to.deep.include({
      status: 7,
      status_name: 'unknown',
      timeout_minutes: 1.5,
      worker: null,
      heartbeat_age_seconds: null,
      progress: null,
    });
  });
});
