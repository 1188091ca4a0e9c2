import type { DemoStage } from './demo-stage.js';
import type { DemoTransfer } from './demo-token.js';

/** What the demo looks at of a task: a part of what `tasks list --json` prints. */
export interface DemoTask {
  readonly task_id: number;
  readonly pipeline_id: number;
  readonly status_name: string;
  readonly last_heartbeat: string | null;
  readonly heartbeat_age_seconds: number | null;
  readonly end_reason: string | null;
  readonly progress: unknown;
}

interface ExportedEvent {
  readonly transaction_hash: string;
  readonly block_number: number;
  readonly args: { readonly from: string; readonly to: string; readonly value: string };
}

/** Returns every task, newest first. */
export async function readTasks(stage: DemoStage): Promise<readonly DemoTask[]> {
  return (JSON.parse(await stage.result('tasks', 'list', '--json')) as { tasks: DemoTask[] }).tasks;
}

/** Returns a pipeline's newest task. */
export async function readTask(stage: DemoStage, pipelineId: number): Promise<DemoTask | undefined> {
  return (await readTasks(stage)).find(({ pipeline_id }) => pipeline_id === pipelineId);
}

/** Exports the transfers that a pipeline has stored. */
export async function exportTransfers(stage: DemoStage, pipelineId: number): Promise<readonly DemoTransfer[]> {
  const lines = await stage.result('events', 'export', '--pipeline', String(pipelineId));
  return lines.split('\n').flatMap((line) => (line === '' ? [] : [toTransfer(JSON.parse(line) as ExportedEvent)]));
}

function toTransfer({ transaction_hash, block_number, args }: ExportedEvent): DemoTransfer {
  return {
    transactionHash: transaction_hash,
    blockNumber: block_number,
    from: args.from.toLowerCase(),
    to: args.to.toLowerCase(),
    value: args.value,
  };
}
