import { readCheckPlan } from '../../database/tasks/check-plan.js';
import { instantToMs } from '../../model/instant.js';
import { demand } from './step-failed-error.js';
import type { TestScene } from './test-scene.js';
import type { TestStep } from './test-step.js';

/** A skew of more seconds than this makes logs of two hosts hard to read together. */
const largeSkewSeconds = 5;

const beats = 100;

/** No more beats are measured after so long, in milliseconds. */
const longestMeasureMs = 5_000;

/** A server reads so many rows itself about as quickly as through an index. */
const fewRows = 10_000;

/** What is measured rather than proven. */
export const clockSkewStep: TestStep = {
  name: 'clock_skew',
  title: { en: "this host's clock and the database's", zh: '本机与数据库的时钟' },
  async run({ scene }) {
    const skew = await measureSkew(scene);
    const isLarge = Math.abs(skew) > largeSkewSeconds;
    return {
      detail: {
        en: `${describeSkew(skew)}: harmless, for only the database's counts${isLarge ? '; but mind it where you compare logs, and set the clocks (NTP)' : ''}`,
        zh: `${describeSkewZh(skew)}: 无碍, 因为只以数据库时钟为准${isLarge ? '; 但对照日志时请留意, 并校准时钟 (NTP)' : ''}`,
      },
      isWarning: isLarge,
      measured: { clockSkewSeconds: skew },
    };
  },
};

/** How long a beat takes. */
export const latencyStep: TestStep = {
  name: 'beat_latency',
  title: { en: 'the round trip of a beat', zh: '心跳往返时间' },
  async run({ scene, trial }) {
    const times = await measureBeats(scene, trial.livingId);
    const latencyMs = { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
    const { heartbeatIntervalSeconds } = scene.options;
    const detail = {
      en: `p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms of ${times.length} beats; runs beat every ${heartbeatIntervalSeconds} s`,
      zh: `${times.length} 次心跳 p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms; 运行每 ${heartbeatIntervalSeconds} 秒心跳一次`,
    };
    demand(latencyMs.p99 < (heartbeatIntervalSeconds * 1_000) / 2, detail, {
      en: 'a beat takes more than half of its interval: raise --heartbeat-interval, or see what the database or the network waits for',
      zh: '一次心跳超过间隔的一半: 请增大 --heartbeat-interval, 或检查数据库与网络',
    });
    return { detail, measured: { latencyMs } };
  },
};

/** Whether a check stays quick however many tasks there are. */
export const indexStep: TestStep = {
  name: 'index_used',
  title: { en: "the monitor's check uses an index", zh: '监控器的检查使用索引' },
  async run({ scene: { options } }) {
    const rule = { timeoutSeconds: 3_600, heartbeatIntervalSeconds: options.heartbeatIntervalSeconds };
    const { index: used, rows, fitting } = await readCheckPlan(options.database, rule);
    const fit = fitting[0];
    demand(
      fit !== undefined,
      { en: 'there is no index on (status, last_heartbeat)', zh: '没有 (status, last_heartbeat) 上的索引' },
      {
        en: 'CREATE INDEX idx_pipeline_task_status ON pipeline_task (status, last_heartbeat, create_time)',
        zh: 'CREATE INDEX idx_pipeline_task_status ON pipeline_task (status, last_heartbeat, create_time)',
      },
    );
    if (used !== null) return { detail: { en: used, zh: used }, measured: { index: used } };
    const detail = {
      en: `the table is read without an index, about ${String(rows)} rows`,
      zh: `未使用索引, 约读取 ${String(rows)} 行`,
    };
    demand((rows ?? Infinity) <= fewRows, detail, {
      en: 'ANALYZE TABLE pipeline_task, so that the server knows how its rows lie',
      zh: '请执行 ANALYZE TABLE pipeline_task, 更新统计信息',
    });
    return {
      detail: {
        en: `${fit ?? ''} stands ready; the table is so small (${String(rows)} rows) that the server reads it as it is`,
        zh: `${fit ?? ''} 已就绪; 表很小 (${String(rows)} 行), 服务器直接读取`,
      },
      measured: { index: fit ?? null },
    };
  },
};

/** Looks when the database's second turns, for it tells whole ones only. Positive: the database's clock is ahead. */
async function measureSkew(scene: TestScene): Promise<number> {
  const { clock, database } = scene.options;
  // What midnight of 1970 there is in UTC: the zone's offset, turned round.
  const toUtcMs = Date.parse(`1970-01-01T00:00:00${database.timezone.value}`);
  const first = await scene.databaseTime();
  for (;;) {
    const askedAt = clock.now();
    const now = await scene.databaseTime();
    const answeredAt = clock.now();
    if (now !== first) return round((instantToMs(now) + toUtcMs - (askedAt + answeredAt) / 2) / 1_000, 1);
    await scene.sleep(10);
  }
}

function describeSkew(skew: number): string {
  if (skew === 0) return 'they agree';
  return `the database's is ${Math.abs(skew)} s ${skew < 0 ? 'behind' : 'ahead'}`;
}

function describeSkewZh(skew: number): string {
  if (skew === 0) return '一致';
  return `数据库时钟${skew < 0 ? '慢' : '快'} ${Math.abs(skew)} 秒`;
}

async function measureBeats(scene: TestScene, taskId: number): Promise<readonly number[]> {
  const { clock } = scene.options;
  const startedAt = clock.monotonic();
  const times: number[] = [];
  while (times.length < beats && clock.monotonic() - startedAt < longestMeasureMs) {
    scene.options.signal.throwIfAborted();
    const sentAt = clock.monotonic();
    await scene.beat(taskId);
    times.push(clock.monotonic() - sentAt);
  }
  return times.sort((a, b) => a - b);
}

function percentile(sorted: readonly number[], share: number): number {
  return round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0, 2);
}

function round(value: number, digits: number): number {
  // Not -0.
  return Math.round(value * 10 ** digits) / 10 ** digits || 0;
}
