import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeFailure } from '../src/runtime/errors.js';
import { DemoNode } from './demo-node.js';
import type { DemoStage } from './demo-stage.js';
import { DemoToken, shorten, supplyTokens } from './demo-token.js';

/** What there is on the demo's chain. */
export interface Scene {
  readonly node: DemoNode;
  readonly token: DemoToken;
}

/** The pipeline that the demo runs. */
export const pipelineId = 45;
const definitionFile = 'transfers.yaml';

/** Starts an EVM node on a free port of this computer and deploys a token there. */
export async function startChain(stage: DemoStage, anvil: string): Promise<Scene> {
  const { narrator } = stage;
  await narrator.begin('chain', {
    en: 'A chain: an EVM node on this computer, and a real ERC-20 on it',
    zh: '一条链：本机上的 EVM 节点，以及部署在上面的真实 ERC-20 合约',
  });
  const node = await startNode(stage, anvil);
  await narrator.say({ en: `anvil listens on ${node.url}`, zh: `anvil 正在监听 ${node.url}` });
  const token = await DemoToken.deploy(node);
  const [owner = ''] = token.accounts;
  const balance = await token.balanceOf(owner);
  await narrator.check(balance === supplyTokens * 10n ** 18n, {
    en: `token DEMO is at ${shorten(token.address)}, and balanceOf(${shorten(owner)}) is ${supplyTokens.toString()} DEMO`,
    zh: `代币 DEMO 位于 ${shorten(token.address)}，balanceOf(${shorten(owner)}) 为 ${supplyTokens.toString()} DEMO`,
  });
  return { node, token };
}

async function startNode(stage: DemoStage, anvil: string): Promise<DemoNode> {
  const program = stage.start(anvil, ['--host', '127.0.0.1', '--port', '0']);
  const address = await stage.patience.until(
    () => /Listening on (127\.0\.0\.1:\d+)/.exec(program.stdout)?.[1] ?? program.isOver,
  );
  if (typeof address === 'string') return new DemoNode(`http://${address}`, stage.patience);
  throw new RuntimeFailure(`anvil did not start: ${program.stderr.trim().split('\n').at(-1) ?? ''}`);
}

/** Makes a database. */
export async function makeDatabase(stage: DemoStage): Promise<void> {
  await stage.narrator.begin('database', {
    en: 'A database: SQLite, a file in a temporary folder',
    zh: '一个数据库：SQLite，临时文件夹里的一个文件',
  });
  await stage.tell('migrate');
  const { pending } = JSON.parse(await stage.result('migrate', '--status', '--json')) as { pending: number };
  await stage.narrator.check(pending === 0, { en: 'its schema is the newest', zh: '表结构已是最新' });
}

/** Stores the definition of the pipeline. */
export async function importPipeline(stage: DemoStage, token: DemoToken): Promise<void> {
  await stage.narrator.begin('pipeline', {
    en: `A pipeline: every Transfer of the token, as pipeline ${pipelineId}`,
    zh: `一条流水线：该代币的每个 Transfer 事件，编号 ${pipelineId}`,
  });
  const text = definition(token);
  await writeFile(join(stage.folder, definitionFile), text);
  await stage.narrator.show(`cat ${definitionFile}`, text);
  const id = await stage.tell('pipeline', 'import', definitionFile);
  await stage.narrator.check(id.trim() === String(pipelineId), {
    en: `it is stored as pipeline ${pipelineId}, its ABI with it`,
    zh: `已存为流水线 ${pipelineId}，ABI 一并入库`,
  });
}

/** Stores the same definition once more, under another id and name. */
export async function importCopy(stage: DemoStage, id: number): Promise<void> {
  await stage.tell('pipeline', 'import', definitionFile, '--id', String(id), '--name', `demo-transfers-${id}`);
}

function definition({ address, sent }: DemoToken): string {
  return `id: ${pipelineId}
name: demo-transfers
components:
  - name: transfers
    type: event_monitor
    chain_name: devnet
    chain_id: 31337
    contract_address: '${address}'
    abi_path: builtin:erc20
    events_to_monitor: [Transfer]
    mode: realtime
    start_block: ${sent[0]?.blockNumber ?? 0}
    poll_interval: 0.2
`;
}
