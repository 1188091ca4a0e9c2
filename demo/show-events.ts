import { exportTransfers } from './demo-reads.js';
import type { DemoStage } from './demo-stage.js';
import { balancesAfter, describeTransfer, type DemoToken } from './demo-token.js';
import { checkStored, sendTransfers } from './follow-chain.js';
import { pipelineId } from './set-the-stage.js';

/** Shows what is stored, and checks it against the contract. */
export async function showEvents(stage: DemoStage, token: DemoToken): Promise<void> {
  await stage.narrator.begin('events', {
    en: 'The events: rows of the database, ready to be exported',
    zh: '事件：数据库里的行，随时可以导出',
  });
  await showLatest(stage);
  const balances = balancesAfter(await exportTransfers(stage, pipelineId));
  const asked = await Promise.all(token.accounts.map((account) => token.balanceOf(account)));
  const fits = token.accounts.every((account, i) => (balances.get(account) ?? 0n) === asked[i]);
  await stage.narrator.check(fits, {
    en: `added up, they give the balance that the contract tells for each of ${token.accounts.length} accounts`,
    zh: `逐笔相加，${token.accounts.length} 个账户的余额都与合约给出的一致`,
  });
}

async function showLatest(stage: DemoStage): Promise<void> {
  const args = ['events', 'export', '--pipeline', String(pipelineId)];
  const line = (await stage.result(...args)).trim().split('\n').at(-1) ?? '';
  await stage.narrator.show(`chainparse ${args.join(' ')} | tail -n 1 | jq`, JSON.stringify(JSON.parse(line), null, 2));
}

/** Lets the chain change its mind, and checks that the rows follow. */
export async function showReorg(stage: DemoStage, token: DemoToken): Promise<void> {
  const depth = 2;
  const { narrator } = stage;
  await narrator.begin('reorg', {
    en: `A reorganisation: the chain replaces its newest ${depth} blocks by others`,
    zh: `一次链重组：最新的 ${depth} 个区块被替换`,
  });
  for (const gone of await token.reorganise(depth)) {
    const text = describeTransfer(gone);
    await narrator.say({ en: `${text}  is gone`, zh: `${text}  已不在链上` });
  }
  await checkStored(stage, token, pipelineId);
  await narrator.say({ en: 'the rows of the blocks that are gone were taken back', zh: '被替换区块的行已撤回' });
  await sendTransfers(stage, token, 2);
  await checkStored(stage, token, pipelineId);
}
