import { taskStatus } from '../../model/task.js';
import { demand, rowsHint } from './step-failed-error.js';
import type { TestStep } from './test-step.js';

/** How a beat behaves on a task that runs, and on one that does not. */
export const beatSteps: readonly TestStep[] = [
  {
    name: 'starts_null',
    title: { en: 'a task begins without a heartbeat', zh: '任务开始时没有心跳' },
    async run({ scene }) {
      const id = await scene.claim('main');
      const { lastHeartbeat } = await scene.tasks.get(id);
      const detail = {
        en: `last_heartbeat is ${lastHeartbeat ?? 'NULL'}`,
        zh: `last_heartbeat 为 ${lastHeartbeat ?? 'NULL'}`,
      };
      demand(lastHeartbeat === null, detail, {
        en: 'last_heartbeat must be NULL by default: ALTER TABLE pipeline_task ALTER COLUMN last_heartbeat SET DEFAULT NULL',
        zh: 'last_heartbeat 的默认值应为 NULL: ALTER TABLE pipeline_task ALTER COLUMN last_heartbeat SET DEFAULT NULL',
      });
      return { detail };
    },
  },
  {
    name: 'beat_lands',
    title: { en: "a beat lands, on the database's clock", zh: '心跳写入成功, 采用数据库时钟' },
    async run({ scene }) {
      const id = await scene.claim('main');
      const before = await scene.databaseTime();
      const lost = await scene.beat(id);
      const after = await scene.databaseTime();
      const { lastHeartbeat } = await scene.tasks.get(id);
      const beat = lastHeartbeat ?? 'NULL';
      const isBetween = before <= beat && beat <= after;
      demand(
        lost.length === 0 && isBetween,
        {
          en: `the beat was ${lost.length === 0 ? 'taken' : 'refused'}, last_heartbeat is ${beat}; the database's clock read ${before} before and ${after} after it`,
          zh: `心跳${lost.length === 0 ? '被接受' : '被拒绝'}, last_heartbeat 为 ${beat}; 数据库时钟此前 ${before}, 此后 ${after}`,
        },
        rowsHint,
      );
      return { detail: { en: `last_heartbeat ${beat}`, zh: `last_heartbeat ${beat}` } };
    },
  },
  {
    name: 'beat_grows',
    title: { en: 'the next beat is later', zh: '下一次心跳更晚' },
    async run({ scene }) {
      const id = await scene.claim('main');
      await scene.beat(id);
      const first = (await scene.tasks.get(id)).lastHeartbeat ?? '';
      await scene.sleep(1_050);
      await scene.beat(id);
      const second = (await scene.tasks.get(id)).lastHeartbeat ?? '';
      const detail = { en: `${first}, then ${second}`, zh: `${first}, 然后 ${second}` };
      demand(second > first, detail, rowsHint);
      return { detail };
    },
  },
  {
    name: 'finished_refused',
    title: { en: 'a beat of a finished task is refused', zh: '已结束任务的心跳被拒绝' },
    async run({ scene }) {
      const id = await scene.claim('main');
      await scene.tasks.finish(id, { status: taskStatus.succeeded, endReason: 'completed', error: null }, null);
      const lost = await scene.beat(id);
      const { status, lastHeartbeat } = await scene.tasks.get(id);
      const isUnchanged = status === taskStatus.succeeded && lastHeartbeat === null;
      const detail = {
        en: `${lost.includes(id) ? '' : 'taken, though it had ended; '}its row is ${isUnchanged ? 'unchanged' : 'changed'}`,
        zh: `${lost.includes(id) ? '' : '任务已结束, 心跳却被接受; '}行${isUnchanged ? '未变' : '已变'}`,
      };
      demand(lost.includes(id) && isUnchanged, detail, rowsHint);
      return { detail };
    },
  },
  {
    name: 'missing_refused',
    title: {
      en: 'a beat of a missing task is refused, and stops no other',
      zh: '不存在任务的心跳被拒绝, 且不影响其他任务',
    },
    async run({ scene }) {
      const id = await scene.claim('main');
      // No task has this id, and none will.
      const lost = await scene.beat(id, -1);
      const { lastHeartbeat } = await scene.tasks.get(id);
      const holds = lost.length === 1 && lost[0] === -1 && lastHeartbeat !== null;
      const detail = {
        en: `of two, to a running and a missing task, ${lost.length} was refused and ${lastHeartbeat === null ? 'none' : 'the other'} landed`,
        zh: `一个运行中和一个不存在的任务: ${lost.length} 次被拒绝, ${lastHeartbeat === null ? 0 : 1} 次写入`,
      };
      demand(holds, detail, rowsHint);
      return { detail };
    },
  },
];
