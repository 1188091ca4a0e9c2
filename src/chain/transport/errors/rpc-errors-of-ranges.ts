import type { RpcErrorPattern } from './rpc-error-pattern.js';

/** About how many blocks were asked for, and how many logs they hold. */
export const errorsOfRanges: readonly RpcErrorPattern[] = [
  [
    'range-cap',
    'erigon',
    'query block range exceeds server limit, narrow your filter: 5',
    /\brange (exceeds|is (larger|bigger|greater|wider))|max\w*block\w*range|max\w*allowed\w*range/,
  ],
  [
    'density',
    'Arbitrum nitro',
    'logs matched by query exceeds limit of 10000',
    /(result|log|event|entr|record|row|match)\w* .*(more than|exceed|limit|too (many|large|much)|over|max)/,
  ],
  [
    'density',
    'Infura',
    'query returned more than 10000 results. Try with this block range [0xBDE5F8, 0x102DBCC].',
    /(more than|exceed\w*|too many|limit\w*|max\w*) [^.]*(results?|logs?|events?|entries|records|matches)\b/,
  ],
  [
    'density',
    'erigon',
    'the answer holds too much data, narrow your filter',
    /query (would )?return\w* more than|narrow (down )?your (query|filter|search)|too much data|result set/,
  ],
  [
    'range-cap',
    'Cronos',
    'maximum [from, to] blocks distance: 2000',
    /\brange|blocks? distance|blocks? at (a time|once)|query must be smaller than|\bspan\b|\bwindow\b/,
  ],
  [
    'range-cap',
    'Avalanche',
    'requested too many blocks from 50331648 to 51380224, maximum is set to 2048',
    /(too (many|wide)|number of|requested|more than|over|max\w*|up to|limit\w*|smaller|exceed\w*) .*(blocks|epochs)/,
  ],
  [
    'range-cap',
    'Hedera relay',
    'The provided fromBlock and toBlock contain timestamps that exceed the maximum allowed duration of 7 days',
    /blocks? .*(too (many|wide|large|big|long)|exceed|limit|max)|from ?block .*to ?block|to ?block .*from ?block/,
  ],
];
