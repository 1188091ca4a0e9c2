import { FenceError } from '../../database/script.js';
import type { EventBatch } from '../../model/batch.js';
import type { Progress } from '../../model/task.js';
import { LeaseHeldError } from '../../runtime/errors.js';
import { demand, rowsHint } from './step-failed-error.js';
import type { Text } from './step-failed-error.js';
import type { TestScene } from './test-scene.js';
import type { TestStep } from './test-step.js';

const block = { number: 1, hash: `0x${'1'.padStart(64, '0')}` };

/** One event of a block that no chain has. */
const batch: EventBatch = {
  kind: 'events',
  fromBlock: block.number,
  toBlock: block.number,
  toHash: block.hash,
  events: [
    {
      blockNumber: block.number,
      blockHash: block.hash,
      timestamp: 0,
      transactionHash: block.hash,
      transactionIndex: 0,
      logIndex: 0,
      contractAddress: `0x${'0'.repeat(40)}`,
      eventName: 'Beat',
      eventSignature: 'Beat()',
      argsJson: '{}',
    },
  ],
  undecoded: [],
  recentBlocks: [],
  finalizedBlock: block.number,
};

const engineHint: Text = {
  en: 'the tables must be transactional: see ENGINE in SHOW TABLE STATUS, InnoDB is wanted; look for triggers too',
  zh: '表必须支持事务: 请在 SHOW TABLE STATUS 中检查 ENGINE 是否为 InnoDB, 并检查触发器',
};

/** What a lease that was taken over still allows: nothing. */
export const leaseSteps: readonly TestStep[] = [
  {
    name: 'taken_over_refused',
    title: { en: 'a beat of a task that was taken over is refused', zh: '被接管任务的心跳被拒绝' },
    async run({ scene }) {
      const first = await scene.claim('main');
      const isHeld = await scene.claim('main', false).then(
        () => false,
        (error: unknown) => error instanceof LeaseHeldError,
      );
      const second = await scene.claim('main');
      const lost = await scene.beat(first, second);
      const { endReason, lastHeartbeat } = await scene.tasks.get(first);
      const isRefused = lost.length === 1 && lost[0] === first && lastHeartbeat === null;
      const holds = isHeld && second > first && isRefused && endReason === 'taken_over';
      demand(
        holds,
        {
          en: `task ${first} ended as ${String(endReason)}; while it lived a second run was ${isHeld ? 'refused' : 'let in'}; its beat was ${isRefused ? 'refused' : 'taken'}`,
          zh: `任务 ${first} 以 ${String(endReason)} 结束; 其存活期间第二次运行${isHeld ? '被拒绝' : '未被拒绝'}; 其心跳${isRefused ? '被拒绝' : '被接受'}`,
        },
        rowsHint,
      );
      return {
        detail: {
          en: `task ${second} took over from task ${first}, whose beat was refused; its own landed`,
          zh: `任务 ${second} 接管任务 ${first}, 后者心跳被拒绝, 前者心跳写入`,
        },
      };
    },
  },
  {
    name: 'stale_commit_refused',
    title: { en: 'a commit of a task that was taken over changes nothing', zh: '被接管任务的提交不产生任何变化' },
    async run({ scene }) {
      const first = await scene.claim('main');
      const second = await scene.claim('main');
      const before = await snapshot(scene, first);
      const isRefused = await isFenced(commit(scene, first, 1));
      const isTraceless = (await snapshot(scene, first)) === before;
      demand(isRefused && isTraceless, staleDetail(isRefused, isTraceless), engineHint);
      await commit(scene, second, 1);
      const landed = await snapshot(scene, second);
      const isOnce = (await isFenced(commit(scene, second, 2))) && (await snapshot(scene, second)) === landed;
      demand(isOnce, { en: 'a commit that was sent twice landed twice', zh: '发送两次的提交生效了两次' }, engineHint);
      return {
        detail: {
          en: "the old holder's event was refused whole; the new holder's, sent twice, was stored once",
          zh: '旧持有者的事件被整体拒绝; 新持有者的事件发送两次, 只存储一次',
        },
      };
    },
  },
];

function staleDetail(isRefused: boolean, isTraceless: boolean): Text {
  return {
    en: `the old holder's commit was ${isRefused ? 'refused' : 'taken'} and left ${isTraceless ? 'no' : 'a'} trace`,
    zh: `旧持有者的提交${isRefused ? '被拒绝' : '被接受'}, ${isTraceless ? '未留' : '留下'}痕迹`,
  };
}

function commit(scene: TestScene, taskId: number, events: number): Promise<void> {
  const progress: Progress = { mode: 'historical', nextBlock: 2, targetBlock: 1, headBlock: null, events };
  const guard = { pipelineId: scene.pipelineId('main'), taskId, version: 0 };
  const { number: startBlock } = block;
  return scene.batches.commit({ ...guard, batch, chainId: 1, startBlock, replaces: false, forgets: true, progress });
}

/** All that a commit would change, as one text. */
async function snapshot(scene: TestScene, taskId: number): Promise<string> {
  const { progress, lastHeartbeat } = await scene.tasks.get(taskId);
  const checkpoint = await scene.checkpoints.get(scene.pipelineId('main'));
  const newest = await scene.batches.newestStoredBlock(scene.pipelineId('main'));
  return JSON.stringify([progress, lastHeartbeat, checkpoint, newest]);
}

function isFenced(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => false,
    (error: unknown) => {
      if (error instanceof FenceError) return true;
      throw error;
    },
  );
}
