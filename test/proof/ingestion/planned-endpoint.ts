import type { Dice } from '../simulator/dice.js';
import type { EndpointLie } from './endpoint-lies.js';

/** What goes wrong at an endpoint for a while. */
export type EpisodeKind =
  /** Refuses connections, or never answers. */
  | 'away'
  | 'mute'
  /** There and away again, every few seconds. */
  | 'flapping'
  | 'too-many-requests'
  | 'rate-error'
  | 'server-error'
  | 'page'
  | 'truncated'
  | 'garbage'
  | 'slow'
  | 'call-error'
  /** Nodes behind a balancer are behind by some blocks, each differently, and have no logs of the newest ones yet. */
  | 'lag'
  /** Stands still where it is. */
  | 'stuck'
  | 'duplicates'
  /** Gives logs of replaced blocks, too, marked as removed. */
  | 'removed'
  | 'strays'
  /** A WebSocket tells no more heads. */
  | 'silent'
  /** Away, and then a node of another chain, as where a proxy is set up anew. */
  | 'moved'
  /** A node of another chain from one connection to the next. */
  | 'swapped';

/** How long an endpoint is away before it is another chain's, in milliseconds. */
export const movingMs = 45_000;

export interface Episode {
  readonly kind: EpisodeKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** The share of requests that it befalls. */
  readonly rate: number;
}

/** How an endpoint limits the range of a request: by a number of blocks that it states, hides, or draws each time anew. */
interface RangeCap {
  readonly kind: 'stated' | 'hidden' | 'random';
  readonly blocks: number;
}

/** What an endpoint says beside that an answer would hold too many logs. */
type Suggestion = 'none' | 'right' | 'equal' | 'larger';

/** One endpoint of a schedule; what it is stays as it is, what befalls it passes. */
export interface PlannedEndpoint {
  readonly protocol: 'http' | 'ws';
  readonly isOtherChain: boolean;
  readonly latencyMs: number;
  readonly cap: RangeCap | null;
  readonly mostLogs: { readonly logs: number; readonly suggestion: Suggestion } | null;
  readonly batches: 'any' | 'none' | number;
  readonly beyondHead: 'silent' | 'error';
  readonly logTimestamps: 'none' | 'real' | 'zero';
  readonly knowsFinality: boolean;
  readonly receipts: 'none' | 'all' | 'lacking';
  readonly maxAddresses: number;
  /** The first block whose logs it has; what is older is pruned. */
  readonly oldest: number;
  readonly episodes: readonly Episode[];
  /** What it tells that is not so, until the last fault is over. */
  readonly lie?: EndpointLie | undefined;
}

const kinds: readonly EpisodeKind[] = [
  'away',
  'mute',
  'flapping',
  'too-many-requests',
  'rate-error',
  'server-error',
  'page',
  'truncated',
  'garbage',
  'slow',
  'call-error',
  'lag',
  'lag',
  'lag',
  'stuck',
  'duplicates',
  'removed',
  'strays',
  'silent',
];

/** Draws an endpoint. The first one of a schedule is good for all that is asked: it may fail, but not for ever. */
export function planEndpoint(dice: Dice, isFirst: boolean, busyMs: number, prehistory: number): PlannedEndpoint {
  const protocol = dice.chance(0.2) ? 'ws' : 'http';
  return {
    protocol,
    isOtherChain: !isFirst && dice.chance(0.12),
    latencyMs: dice.pick([2, 20, 80, 250]),
    cap: dice.chance(0.5) ? planCap(dice) : null,
    mostLogs: dice.chance(0.3)
      ? { logs: dice.pick([3, 8, 15, 40]), suggestion: dice.pick(['none', 'right', 'equal', 'larger']) }
      : null,
    batches: protocol === 'ws' ? 'any' : dice.pick(['any', 'any', 'any', 'none', 7]),
    beyondHead: dice.pick(['silent', 'silent', 'error']),
    logTimestamps: dice.pick(['none', 'real', 'zero']),
    knowsFinality: dice.chance(0.8),
    receipts: isFirst ? dice.pick(['none', 'all']) : dice.pick(['none', 'all', 'lacking']),
    maxAddresses: dice.pick([100, 100, 1]),
    oldest: !isFirst && dice.chance(0.2) ? Math.floor(dice.between(1, prehistory)) : 0,
    episodes: [...(dice.chance(0.15) ? [] : planEpisodes(dice, busyMs)), ...(isFirst ? [] : planMove(dice, busyMs))],
  };
}

function planCap(dice: Dice): RangeCap {
  return { kind: dice.pick(['stated', 'hidden', 'random']), blocks: dice.pick([1, 3, 10, 30, 100]) };
}

function planEpisodes(dice: Dice, busyMs: number): readonly Episode[] {
  return Array.from({ length: dice.pick([1, 2, 3, 5]) }, () => {
    const fromMs = dice.chance(0.3) ? 0 : dice.between(0, busyMs * 0.8);
    const toMs = fromMs + dice.between(0.05, 0.6) * busyMs;
    return { kind: dice.pick(kinds), fromMs, toMs: Math.min(toMs, busyMs), rate: dice.pick([0.1, 0.3, 0.6, 1]) };
  });
}

function planMove(dice: Dice, busyMs: number): readonly Episode[] {
  const fromMs = dice.between(0, busyMs / 2);
  const isLongEnough = busyMs - fromMs > 2 * movingMs;
  return isLongEnough && dice.chance(0.2) ? [{ kind: 'moved', fromMs, toMs: busyMs, rate: 1 }] : [];
}
