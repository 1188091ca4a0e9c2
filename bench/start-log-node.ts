import { fileURLToPath } from 'node:url';
import { Child } from '../test/support/child.js';

/** Blocks behind a range make all of it final; the node knows no receipts, by which newer ones are proven. */
const behind = 1_000;

/** Starts `log-node.ts` with so many blocks, and those behind them; returns its URL. */
export async function startLogNode(blocks: number, logsPerBlock: number, ...options: string[]): Promise<string> {
  const program = fileURLToPath(new URL('log-node.ts', import.meta.url));
  const args = ['--import', 'tsx', program, String(blocks + behind), String(logsPerBlock), ...options];
  const [url] = await new Child(process.execPath, args).output(/http:\S+/, 60_000);
  return url;
}
