import type { RangeSize } from '../../../src/chain/logs/range-size.js';
import { RpcError } from '../../../src/chain/transport/errors/rpc-error.js';
import type { RpcErrorClass } from '../../../src/chain/transport/errors/rpc-error.js';
import type { BlockRange } from '../../../src/model/block.js';

/** What a simulated endpoint gives out; it says nothing of its limits unless `words` does. */
export interface SimulatedLimits {
  /** The most blocks of a request; may depend on the number of requests so far. */
  readonly mostBlocks?: (request: number) => number;
  readonly mostLogs?: (request: number) => number;
  /** How many logs blocks below a number hold. */
  readonly logsBelow?: (block: number) => number;
  readonly classOfBlocks?: RpcErrorClass;
  readonly classOfLogs?: RpcErrorClass;
  readonly host?: (request: number) => string;
}

/** What came of a backfill. */
export interface BackfillReport {
  readonly requests: number;
  readonly refused: number;
  /** Sizes of the answered requests, in their order. */
  readonly sizes: readonly number[];
}

/** Plays a backfill of blocks 0 to `last` with so many requests in flight, which end in the order that `pick` chooses. */
export function playBackfill(
  size: RangeSize,
  last: number,
  limits: SimulatedLimits,
  { inFlight = 1, pick = () => 0 }: { inFlight?: number; pick?: (count: number) => number } = {},
): BackfillReport {
  const sizes: number[] = [];
  const flying: BlockRange[] = [];
  const again: BlockRange[] = [];
  let next = 0;
  let requests = 0;
  let refused = 0;
  for (;;) {
    while (flying.length < (size.isProven ? inFlight : 1)) {
      const rest = again.shift();
      if (rest === undefined && next > last) break;
      const range = rest ?? { from: next, to: last };
      const head = size.headOf(size.planOf(range), 'node');
      if (head.from !== range.from || head.to < head.from || head.to > range.to)
        throw new Error('no head of the range');
      if (rest === undefined) next = head.to + 1;
      else if (head.to < rest.to) again.unshift({ from: head.to + 1, to: rest.to });
      flying.push(head);
    }
    if (flying.length === 0) return { requests, refused, sizes };
    const [range] = flying.splice(pick(flying.length) % flying.length, 1) as [BlockRange];
    const error = answerOf(range, limits, ++requests);
    if (error instanceof RpcError) {
      refused++;
      size.refused(range, error);
      again.push(range);
      again.sort((a, b) => a.from - b.from);
      if (range.from === range.to && refused > requests / 2 + 50) throw new Error('a single block is refused');
    } else {
      sizes.push(range.to - range.from + 1);
      size.answered({ range, logs: error, bytes: error * 650, ms: 50, endpoint: limits.host?.(requests) ?? 'node' });
    }
  }
}

function answerOf({ from, to }: BlockRange, limits: SimulatedLimits, request: number): RpcError | number {
  const { mostBlocks, mostLogs, logsBelow = () => 0 } = limits;
  const { classOfBlocks = 'range-cap', classOfLogs = 'density' } = limits;
  const host = limits.host?.(request) ?? 'node';
  const logs = Math.floor(logsBelow(to + 1)) - Math.floor(logsBelow(from));
  if (to - from + 1 > (mostBlocks?.(request) ?? Number.POSITIVE_INFINITY))
    return new RpcError('too much', { class: classOfBlocks, host });
  if (logs > (mostLogs?.(request) ?? Number.POSITIVE_INFINITY) && to > from)
    return new RpcError('too much', { class: classOfLogs, host });
  return logs;
}
