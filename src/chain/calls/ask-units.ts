import type { BlockRef } from '../../model/block.js';
import { headerCall, headerIn, hexOf } from '../blocks/header-outcome.js';
import { RpcError } from '../transport/errors/rpc-error.js';
import type { JsonRpcEndpoint } from '../transport/rpc/json-rpc.js';
import type { RpcCall, RpcOutcome } from '../transport/rpc/json-rpc-answer.js';
import { MalformedValue } from '../transport/rpc/rpc-values.js';
import type { CallWay } from './call-ways.js';
import { isPinned } from './contract-call.js';
import type { CallAnswer, CallBlock, CallUnit } from './contract-call.js';

/** Calls of units, and of what proves whose state they were of. */
interface Request {
  readonly calls: readonly RpcCall[];
  /** Where a unit's outcome stands among those of the calls. */
  readonly at: ReadonlyMap<CallUnit, number>;
  /** Where the header of a block stands: before its units, and behind them. */
  readonly headers: ReadonlyMap<CallBlock, readonly [before: number, behind: number]>;
}

/**
 * Asks one endpoint, in one batch. What could not be answered is left out of the answers; throws RpcError where that is all
 * of it.
 */
export async function askUnits<U extends CallUnit>(
  endpoint: JsonRpcEndpoint,
  units: readonly U[],
  way: CallWay,
  signal: AbortSignal,
): Promise<ReadonlyMap<U, CallAnswer>> {
  const request = requestFor(units, way);
  const outcomes = await endpoint.batch(request.calls, signal);
  const answers = new Map<U, CallAnswer>();
  let failure: RpcError | undefined;
  for (const unit of units) {
    const read = readUnit(unit, request, outcomes, endpoint);
    if (read instanceof RpcError) failure ??= read;
    else answers.set(unit, read);
  }
  if (failure !== undefined && answers.size === 0) throw failure;
  return answers;
}

function requestFor(units: readonly CallUnit[], way: CallWay): Request {
  const calls: RpcCall[] = [];
  const at = new Map<CallUnit, number>();
  const headers = new Map<CallBlock, readonly [number, number]>();
  for (const block of new Set(units.map((unit) => unit.block))) {
    const isLookedAt = !isPinned(block) || way === 'number';
    const before = isLookedAt ? calls.push(headerCall(isPinned(block) ? block.number : 'latest')) - 1 : 0;
    for (const unit of units) if (unit.block === block) at.set(unit, calls.push(callOf(unit, way)) - 1);
    // A node may have changed its mind in between.
    const behind = isLookedAt && isPinned(block) ? calls.push(headerCall(block.number)) - 1 : before;
    if (isLookedAt) headers.set(block, [before, behind]);
  }
  return { calls, at, headers };
}

function callOf({ block, call }: CallUnit, way: CallWay): RpcCall {
  return { method: 'eth_call', params: [{ to: call.target, data: call.data }, blockParameter(block, way)] };
}

/** Returns a block as nodes are told it. */
export function blockParameter(block: CallBlock, way: CallWay): unknown {
  if (!isPinned(block)) return 'latest';
  return way === 'hash' ? { blockHash: block.hash } : hexOf(block.number);
}

function readUnit(
  unit: CallUnit,
  { at, headers }: Request,
  outcomes: readonly RpcOutcome[],
  { host, name: endpoint }: JsonRpcEndpoint,
): CallAnswer | RpcError {
  const place = at.get(unit) ?? 0;
  const outcome = outcomes[place];
  // A server that takes no batches and fails at one call is not asked for those behind it.
  const isAsked = outcome !== undefined && (place === 0 || outcome !== outcomes[place - 1]);
  if (!isAsked) return new RpcError('the call was not made', { class: 'transport', host });
  const [before, behind] = headers.get(unit.block) ?? [];
  if (before !== undefined && behind !== undefined) {
    const problem = lookAt(unit.block, [outcomes[before], outcomes[behind]], host);
    if (problem !== null) return problem;
  }
  const block = isPinned(unit.block) ? unit.block : headerIn(outcomes[before ?? 0]);
  const data = outcome.ok ? dataIn(outcome.value) : refusal(outcome.error);
  return typeof data === 'string' || data === null ? { data, endpoint, block: block?.number ?? 0 } : data;
}

/** Returns null where the endpoint holds the block that is meant. */
function lookAt(
  block: CallBlock,
  outcomes: readonly (RpcOutcome | undefined)[],
  host: string,
): CallAnswer | RpcError | null {
  for (const outcome of outcomes) {
    if (outcome?.ok === false && outcome.error.class !== 'lag' && outcome.error.class !== 'pruned')
      return outcome.error;
    const header = headerIn(outcome);
    if (isPinned(block) && !isSame(header, block)) return { lacks: 'block' };
    if (!isPinned(block) && (header === null || header.number < block.latestFrom)) {
      return new RpcError(`block ${block.latestFrom} is not there`, { class: 'lag', host });
    }
  }
  return null;
}

function isSame(header: BlockRef | null, { number, hash }: BlockRef): boolean {
  return header?.number === number && header.hash === hash;
}

function dataIn(value: unknown): string {
  if (typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value)) return value.toLowerCase();
  throw new MalformedValue('what a call returned is no hex');
}

function refusal(error: RpcError): CallAnswer | RpcError | null {
  if (error.class === 'revert') return null;
  if (error.class === 'missing-state') return { lacks: 'state' };
  if (error.class === 'lag') return { lacks: 'block' };
  return error.class === 'pruned' ? { lacks: error.facts.isOfBlock ? 'block' : 'state' } : error;
}
