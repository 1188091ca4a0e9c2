import { expect } from 'chai';
import { describeTask } from '../../../src/cli/texts/describe-task.js';
import type { Task } from '../../../src/model/task.js';
import type { Lang } from '../../../src/runtime/lang.js';

const defaults = { heartbeatIntervalSeconds: 30, taskTimeoutMinutes: 60 };

const running: Task = {
  id: 123,
  pipelineId: 45,
  status: 0,
  createTime: '2024-01-15T10:00:00',
  lastHeartbeat: '2024-01-15T10:05:30',
  logPath: null,
  worker: 'host-1:4711',
  workerIdentity: null,
  heartbeatInterval: null,
  timeoutMinutes: null,
  endTime: null,
  endReason: null,
  error: null,
  progress: null,
  heartbeatAgeSeconds: 12,
  silentSeconds: 12,
  keepsBlock: null,
  waiting: null,
};

/** Returns what stands behind a label, or undefined where there is no such line. */
function line(label: string, changes: Partial<Task>, lang: Lang = 'en'): string | undefined {
  const lines = describeTask({ ...running, ...changes }, defaults, lang);
  return lines
    .find((text) => text.startsWith(`  ${label} `))
    ?.slice(2 + label.length)
    .trimStart();
}

function silentFor(silentSeconds: number): Partial<Task> {
  return { silentSeconds, heartbeatAgeSeconds: silentSeconds };
}

describe('a running task in words', () => {
  const never = { lastHeartbeat: null, heartbeatAgeSeconds: null };
  const cases: readonly (readonly [what: string, Partial<Task>, en: string, zh: string])[] = [
    [
      'beats',
      silentFor(30),
      'yes: its last heartbeat came 30 s ago, and it beats every 30 s',
      '是: 最后心跳在 30 秒前, 每 30 秒一次心跳',
    ],
    [
      'has just begun',
      { ...never, silentSeconds: 5 },
      'yes: it was created 5 s ago, and it beats every 30 s',
      '是: 5 秒前创建, 尚无心跳, 每 30 秒一次心跳',
    ],
    [
      'is late',
      silentFor(90),
      'yes, but late: its last heartbeat came 90 s ago, though it beats every 30 s; it is in doubt after 90 s of silence',
      '是, 但心跳迟到: 最后心跳在 90 秒前, 而每 30 秒一次心跳; 静默超过 90 秒才算存疑',
    ],
    [
      'has missed three beats',
      silentFor(91),
      'in doubt: its last heartbeat came 91 s ago, though it beats every 30 s: it may be taken over now, and a monitor fails it from 2024-01-15T11:05:31 on',
      '存疑: 最后心跳在 91 秒前, 而每 30 秒一次心跳: 现在可被接管, 监控器自 2024-01-15T11:05:31 起会判其超时',
    ],
    [
      'has been silent for its own timeout, which is under three of its beats',
      { ...silentFor(301), timeoutMinutes: 1, heartbeatInterval: 100 },
      'in doubt: its last heartbeat came 5 min ago, though it beats every 100 s: it may be taken over now, and a monitor would fail it now',
      '存疑: 最后心跳在 5 分钟前, 而每 100 秒一次心跳: 现在可被接管, 监控器现在即会判其超时',
    ],
    [
      'has a heartbeat in the future',
      silentFor(-28_800),
      "unknown: its last sign of life lies 8 h ahead of the database's clock; check the database's time zone (chainparse migrate --time-zone)",
      '未知: 最后的生命迹象比数据库时钟超前 8 小时; 请检查数据库时区 (chainparse migrate --time-zone)',
    ],
  ];
  for (const [what, changes, en, zh] of cases) {
    it(`${what}: whether it is alive, and why that is believed`, () => {
      expect(line('alive', changes)).to.equal(en);
      expect(line('是否存活', changes, 'zh')).to.equal(zh);
      expect(line('why', changes)).to.equal(undefined);
    });
  }
});

describe('an ended task in words', () => {
  const ended = (endReason: string | null, changes: Partial<Task> = {}): Partial<Task> => ({
    status: 2,
    endTime: '2024-01-15T11:06:31',
    endReason,
    ...changes,
  });
  const error = 'silent for longer than its timeout: failed by monitor host-2:9 (a1b2c3), check 7';
  const cases: readonly (readonly [what: string, Partial<Task>, en: string, zh: string])[] = [
    [
      'came to its end',
      ended('completed', { status: 1 }),
      'it came to its end: its last block is committed',
      '已运行到终点: 最后一个区块已提交',
    ],
    [
      'was stopped by a person',
      ended('stopped', { status: 1 }),
      'a person stopped it: Ctrl-C, SIGTERM or chainparse tasks cancel',
      '由人停止: Ctrl-C, SIGTERM 或 chainparse tasks cancel',
    ],
    [
      'was taken over',
      ended('taken_over', { error: 'taken over by host-2:9 after 95 s of silence' }),
      'another run has its pipeline: taken over by host-2:9 after 95 s of silence',
      '流水线已由另一次运行接管: taken over by host-2:9 after 95 s of silence',
    ],
    [
      'fell silent',
      ended('timeout', { error }),
      'monitor host-2:9 (a1b2c3), check 7 found it silent for 61 min, timeout 60 min: its last heartbeat came at 2024-01-15T10:05:30',
      '监控器 host-2:9 (a1b2c3), check 7 发现其静默 61 分钟, 超时 60 分钟: 最后心跳在 2024-01-15T10:05:30',
    ],
    [
      'never beat',
      ended('timeout', { lastHeartbeat: null, timeoutMinutes: 1.5 }),
      'a monitor found it silent for 66 min, timeout 1.5 min: it had never beaten since its creation at 2024-01-15T10:00:00',
      '监控器发现其静默 66 分钟, 超时 1.5 分钟: 自 2024-01-15T10:00:00 创建后从未心跳',
    ],
    [
      'failed by itself',
      ended('chain_unreachable', { error: 'no endpoint answers' }),
      'its run failed: chain_unreachable',
      '运行失败: chain_unreachable',
    ],
    [
      'is another program’s',
      ended(null, { status: 1, endTime: null }),
      'the program that ended it wrote no reason',
      '结束它的程序未写明原因',
    ],
  ];
  for (const [what, changes, en, zh] of cases) {
    it(`${what}: why it ended`, () => {
      expect(line('why', changes)).to.equal(en);
      expect(line('结束原因', changes, 'zh')).to.equal(zh);
      expect(line('alive', changes)).to.equal(undefined);
    });
  }
});

describe('a task in words', () => {
  it('that waits says so, and neither lives nor has ended', () => {
    const waits = { status: 3, waiting: { kind: 'full', workers: 2 } } as const;
    expect(line('waits for', waits)).to.equal('a free worker: all 2 that are alive are full');
    expect(line('等待', waits, 'zh')).to.equal('空闲的工作进程: 存活的 2 个都已满');
    expect([line('alive', waits), line('why', waits)]).to.deep.equal([undefined, undefined]);
  });

  it('tells how far a heartbeat lies in the future', () => {
    const ahead = { heartbeatAgeSeconds: -28_800, silentSeconds: -28_800 };
    expect(line('last heartbeat', ahead)).to.equal('2024-01-15T10:05:30 (8 h ahead)');
    expect(line('最后心跳时间', ahead, 'zh')).to.equal('2024-01-15T10:05:30 (超前 8 小时)');
    expect(line('last heartbeat', { heartbeatAgeSeconds: -1 })).to.equal('2024-01-15T10:05:30 (0 s ago)');
  });

  it('stands in two columns, in each language', () => {
    const error = 'no sign of life';
    const failed = { ...running, status: 2, endReason: 'timeout', endTime: '2024-01-15T11:06:31', error };
    expect(describeTask(failed, defaults, 'en')[0]).to.equal('task 123: failed (timeout)');
    expect(describeTask(failed, defaults, 'zh').slice(0, 5)).to.deep.equal([
      '任务 123: 失败 (timeout)',
      '  流水线          45',
      '  进程            host-1:4711',
      '  创建时间        2024-01-15T10:00:00',
      '  最后心跳时间    2024-01-15T10:05:30 (12 秒前)',
    ]);
    expect(line('error', failed)).to.equal(error);
  });
});
