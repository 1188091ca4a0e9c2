import type { BlockRange } from '../../model/block.js';
import type { RawLog } from '../../model/event.js';
import { headerCall, headerIn, headerOf, hexOf, valueOf } from '../heads/header-outcome.js';
import { LogCollector, readLogsAnswer } from '../log-json/log-collector.js';
import type { RpcCall } from '../rpc/json-rpc-answer.js';
import type { JsonRpcEndpoint } from '../rpc/json-rpc.js';
import { readLogs } from '../rpc/rpc-values.js';
import { filterParams } from './log-filter.js';
import type { LogFilter } from './log-filter.js';
import type { LogsAnswer } from './logs-answer.js';

/**
 * Returns the logs of a range as an endpoint tells them, and the header of its last block; throws RpcError. `now` is the
 * time by a monotonic clock, in milliseconds.
 */
export async function askRangeLogs(
  endpoint: JsonRpcEndpoint,
  { filter, range, now }: { readonly filter: LogFilter; readonly range: BlockRange; readonly now: () => number },
  signal: AbortSignal,
): Promise<LogsAnswer> {
  const where = { fromBlock: hexOf(range.from), toBlock: hexOf(range.to) };
  const call: RpcCall = { ...logsCall(filter, where), collect: () => new LogCollector() };
  const since = now();
  // The header comes first: a node that asked one by one has the last block has it when it looks for logs, too.
  const [last, logs] = await endpoint.batch([headerCall(range.to), call], signal);
  const header = headerOf(last, range.to, endpoint);
  const ms = now() - since;
  const read = readLogsAnswer(valueOf(logs));
  return { logs: read, last: header, endpoint: endpoint.name, bytes: logs?.bytes ?? 0, ms };
}

/** Returns the logs of blocks named by their hashes, in one batch; throws RpcError where the node does not know one. */
export async function askBlockLogs(
  endpoint: JsonRpcEndpoint,
  filter: LogFilter,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<RawLog[]> {
  const calls = hashes.map((blockHash) => logsCall(filter, { blockHash }));
  const outcomes = await endpoint.batch(calls, signal);
  return outcomes.flatMap((outcome) => readLogs(valueOf(outcome)));
}

/** What a node says of blocks named by their hashes, each for itself, and which block was its newest just before. */
export interface BlocksAnswer {
  readonly logs: readonly RawLog[];
  readonly head: number;
}

/** Returns the same with the node's head, which it tells first; throws RpcError where the node does not know a block. */
export async function askBlockLogsAndHead(
  endpoint: JsonRpcEndpoint,
  filter: LogFilter,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<BlocksAnswer> {
  const calls = [headerCall('latest'), ...hashes.map((blockHash) => logsCall(filter, { blockHash }))];
  const [latest, ...outcomes] = await endpoint.batch(calls, signal);
  const head = headerIn(latest)?.number ?? -1;
  return { head, logs: outcomes.flatMap((outcome) => readLogs(valueOf(outcome))) };
}

function logsCall(filter: LogFilter, where: Readonly<Record<string, string>>): RpcCall {
  return { method: 'eth_getLogs', params: [{ ...where, ...filterParams(filter) }] };
}
