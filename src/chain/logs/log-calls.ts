import type { RawLog } from '../../model/event.js';
import type { ChainClient } from '../blocks/chain-client.js';
import { headerCall, headerIn, headerOf, hexOf, ofKnownHash, valueOf } from '../blocks/header-outcome.js';
import { LogCollector, readLogsAnswer } from './log-json/log-collector.js';
import type { RpcCall, RpcOutcome } from '../transport/rpc/json-rpc-answer.js';
import type { Work } from '../transport/endpoints/endpoint-question.js';
import { asksForLess, isCutOff, mayBeLimit } from '../transport/errors/rpc-error.js';
import type { RpcError } from '../transport/errors/rpc-error.js';
import { readLogs } from '../transport/rpc/rpc-values.js';
import { filterParams } from '../blocks/log-filter.js';
import type { LogFilter } from '../../model/log-filter.js';
import type { LogsAnswer } from '../blocks/logs-answer.js';
import type { AskedRange } from './range-head.js';

/** What a node says of blocks named by their hashes, each for itself, and which block was its newest just before. */
export interface BlocksAnswer {
  readonly logs: readonly RawLog[];
  readonly head: number;
}

/** How often a single block is asked for in vain before whoever asks hears of it. */
const unansweredUntilTold = 2;
/** How often the answer to a range may be cut off by one host before whoever asks hears of it. */
const cutOffUntilTold = 4;

/**
 * Returns the logs of a range, or of as many of its first blocks as the endpoint is to be asked for: up to the last block of the
 * answer. Throws RpcError where the node wants, or may want, a smaller range, or lags behind it.
 */
export async function rangeLogs(
  chain: ChainClient,
  filter: LogFilter,
  asked: AskedRange,
  signal: AbortSignal,
): Promise<LogsAnswer> {
  const isLinked = asked.isLinked === true;
  const ask: Work<LogsAnswer> = async (endpoint, inTime, received) => {
    const range = asked.at?.(endpoint.name) ?? asked;
    const where = { fromBlock: hexOf(range.from), toBlock: hexOf(range.to) };
    const call: RpcCall = { ...logsCall(filter, where), collect: () => new LogCollector() };
    const since = chain.now();
    // The header comes first: a node that asked one by one has the last block has it when it looks for logs, too.
    const calls = [headerCall(range.to), call];
    // Whoever takes few calls at a time would be asked twice.
    if (isLinked && calls.length < endpoint.mostCalls) calls.push(headerCall(range.from - 1));
    const [last, logs, before] = await endpoint.batch(calls, inTime, received);
    const header = headerOf(last, range.to, endpoint);
    const ms = chain.now() - since;
    const read = readLogsAnswer(valueOf(logs));
    chain.heard(header, endpoint.name);
    return {
      logs: read,
      last: header,
      parentHash: parentIn(before, range.from),
      endpoint: endpoint.name,
      bytes: logs?.bytes ?? 0,
      ms,
    };
  };
  const isUrgent = chain.isNew(asked.to);
  const oldest = isUrgent ? undefined : asked.from;
  const taken = (endpoint: string): void => void asked.at?.(endpoint);
  const how = {
    calls: isLinked ? 3 : 2,
    isUrgent,
    isWaitedFor: asked.isAgain === true,
    isOptional: asked.isOptional === true,
    oldest,
    kind: 'logs',
    worth: asked.worth,
    taken,
    isForCaller: ofRange(asked),
  } as const;
  return chain.ask(ask, how, signal);
}

/** Returns the logs of blocks named by their hashes, in one batch; throws RpcError where the node does not know one. */
export async function logsOfBlocks(
  chain: ChainClient,
  filter: LogFilter,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<RawLog[]> {
  const calls = hashes.map((blockHash) => logsCall(filter, { blockHash }));
  const ask: Work<RawLog[]> = async (endpoint) => readEach(await endpoint.batch(calls, signal));
  return chain.ask(ask, { calls: calls.length, isUrgent: true, isForCaller: ofBlocks }, signal);
}

/** Returns the same with the node's head, which it tells first. */
export async function logsOfBlocksAndHead(
  chain: ChainClient,
  filter: LogFilter,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<BlocksAnswer> {
  const calls = [headerCall('latest'), ...hashes.map((blockHash) => logsCall(filter, { blockHash }))];
  const ask: Work<BlocksAnswer> = async (endpoint) => {
    const [latest, ...outcomes] = await endpoint.batch(calls, signal);
    return { head: headerIn(latest)?.number ?? -1, logs: readEach(outcomes) };
  };
  return chain.ask(ask, { calls: calls.length, isUrgent: true, isForCaller: ofBlocks }, signal);
}

/** That the block before is not told fails nothing: it is looked at later where it matters. */
function parentIn(before: RpcOutcome | undefined, from: number): string | undefined {
  return before?.ok === true ? headerIn(before, from - 1)?.hash : undefined;
}

/**
 * Whoever asks for a range can ask for a smaller one, but not for less than a block: that can be read in other ways where the node is
 * there. Between two requests for it that are not answered, or whose answers are cut off, it has told its chain: an endpoint that is
 * away is none of these.
 */
function ofRange(asked: AskedRange): (error: RpcError) => boolean {
  let unanswered = 0;
  const cutOff = new Map<string, number>();
  return (error) => {
    const { from, to } = asked.of?.(error) ?? asked;
    const isSingle = from === to;
    if (!isSingle && isCutOff(error)) {
      const times = (cutOff.get(error.host) ?? 0) + 1;
      cutOff.set(error.host, times);
      return times >= cutOffUntilTold;
    }
    if (isSingle && asksForLess(error) && error.lostConnection) return ++unanswered >= unansweredUntilTold;
    return error.class === 'lag' || asksForLess(error) || (!isSingle && mayBeLimit(error));
  };
}

function ofBlocks(error: RpcError): boolean {
  return error.class === 'lag' || error.class === 'pruned' || asksForLess(error);
}

/** Reads the logs of blocks that were named by their hashes. */
function readEach(outcomes: readonly RpcOutcome[]): RawLog[] {
  return outcomes.flatMap((outcome) => readLogs(valueOf(ofKnownHash(outcome))));
}

function logsCall(filter: LogFilter, where: Readonly<Record<string, string>>): RpcCall {
  return { method: 'eth_getLogs', params: [{ ...where, ...filterParams(filter) }] };
}
