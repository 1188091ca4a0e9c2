import type { DemoProcess } from './demo-process.js';
import { exportTransfers, readTask } from './demo-reads.js';
import type { DemoStage } from './demo-stage.js';
import { describeTransfer, sameTransfers, type DemoToken } from './demo-token.js';
import { pipelineId, type Scene } from './set-the-stage.js';

/** Runs the pipeline while transfers happen, and watches its heartbeat. */
export async function followChain(stage: DemoStage, { node, token }: Scene): Promise<DemoProcess> {
  await stage.narrator.begin('live', {
    en: 'A live run: it follows the head of the chain and heartbeats every second',
    zh: '一次实时运行：跟随链头，每秒心跳一次',
  });
  const live = await startRun(stage, pipelineId, node.url);
  await sendTransfers(stage, token, 8);
  await checkStored(stage, token, pipelineId);
  const beats = await watchHeartbeats(stage, pipelineId, 3);
  await stage.narrator.check(beats.length >= 3 && !live.isOver, {
    en: `it beats in the database: ${beats.map(timeOf).join(', ')}`,
    zh: `数据库中的心跳：${beats.map(timeOf).join('、')}`,
  });
  return live;
}

/** Starts a run in the background. */
export async function startRun(stage: DemoStage, id: number, url: string): Promise<DemoProcess> {
  const args = runArguments(id, url);
  const run = stage.chainparse(...args);
  await stage.narrator.show(`chainparse ${args.join(' ')} &`);
  return run;
}

/** The command line of a run. */
export function runArguments(id: number, url: string): readonly string[] {
  return ['run-pipeline', String(id), '--heartbeat-interval', '1', '--rpc-url', url];
}

/** Sends some transfers, each in a block of its own, and tells them. */
export async function sendTransfers(stage: DemoStage, token: DemoToken, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    // The first account has the supply; the others pass on less than it gave them.
    const transfer =
      i % 2 === 0 ? await token.transfer(0, 1 + (i % 5), BigInt(100 + i)) : await token.transfer(i % 5, 7, BigInt(i));
    const text = describeTransfer(transfer);
    await stage.narrator.say({ en: text, zh: text });
    await stage.patience.sleep(100);
  }
}

/** Waits until a pipeline has stored exactly what the chain holds, and checks that it has. */
export async function checkStored(stage: DemoStage, token: DemoToken, id: number): Promise<void> {
  const isStored = await stage.patience.until(async () => sameTransfers(await exportTransfers(stage, id), token.sent));
  const count = token.sent.length;
  await stage.narrator.check(isStored === true, {
    en: `the events of pipeline ${id} are the ${count} transfers of the chain: none missing, none twice`,
    zh: `流水线 ${id} 的事件正是链上的 ${count} 笔转账：不缺、不重`,
  });
}

async function watchHeartbeats(stage: DemoStage, id: number, wanted: number): Promise<readonly string[]> {
  const beats = new Set<string>();
  await stage.patience.until(async () => {
    const beat = (await readTask(stage, id))?.last_heartbeat;
    if (typeof beat === 'string') beats.add(beat);
    return beats.size >= wanted;
  });
  return [...beats];
}

function timeOf(instant: string): string {
  return instant.slice(11);
}
