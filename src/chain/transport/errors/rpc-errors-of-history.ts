import type { RpcErrorPattern } from './rpc-error-pattern.js';

/** About blocks, receipts and states that a node has not got any more, or not yet. */
export const errorsOfHistory: readonly RpcErrorPattern[] = [
  [
    'missing-state',
    'geth',
    'missing trie node 9eeb6e (path ) state 0x9eeb6e is not available, not found',
    /missing trie node|\btrie\b|state root|state histor|no state available|metadata is not found/,
  ],
  [
    'missing-state',
    'besu',
    'World state unavailable',
    /historical (state(?! that)|rpc)|archive state|state (already|is not|not|has been|at block|unavailable|missing)/,
  ],
  [
    'missing-state',
    'reth',
    'distance to target block exceeds maximum proof window',
    /distance to target block exceeds/,
  ],
  [
    'pruned',
    'geth',
    'pruned history unavailable',
    /prun(ed|ing)|no longer (available|stored)|(old|historical) data (is )?not available/,
  ],
  [
    'pruned',
    'Ethermint',
    'height 5 is not available, lowest height is 1000',
    /lowest (block )?height|earliest (available )?block|only .*(last|latest|most recent|newest) [\d,]+|null round/,
  ],
  [
    'pruned',
    'erigon',
    'history not available: requested block 5, earliest 100',
    /(history|historical|ancient|archiv\w+).*(unavailable|not (available|supported|found|enabled))/,
  ],
  [
    'pruned',
    'PublicNode',
    'Archive requests require a personal token. Get one at: https://www.allnodes.com/publicnode',
    /archiv\w+.*(require|need|only|missing|personal token)|(require|need|only|use)\w* [^.]*archiv/,
  ],
  [
    'pruned',
    'nethermind',
    "Receipt not available for 'From' block '11052984'.",
    /\b(receipts?|logs?) (is |are |was |were )?(not available|unavailable|missing|not found)/,
  ],
  [
    'pruned',
    'Lotus',
    'bad tipset height: lookbacks of more than 16h40m0s are disallowed',
    /missing (block )?(receipts|body|bodies)|older than|lookback/,
  ],
  [
    'pruned',
    'erigon 3',
    'seek with txNum=1962853355 but data before txNum=2662500000 is not available: blockNum=16999999',
    /data before .* not available|(before|below|lower than) .*(earliest|lowest|oldest|first|cutoff|start of)/,
  ],
  [
    'pruned',
    'Sei',
    'height is not available (requested height: 138913957, base height: 155251499)',
    /base height|(version|height) (\w+ )?(does not exist|is not available).*(pruned|lowest|base|earliest)/,
  ],
  [
    'lag',
    'Optimism proxyd',
    'block is out of range',
    /(header|block|tip ?set|latest block|head|toblock) (#?\w+ )?(is |was )?(ahead|in the future|out of range)/,
  ],
  [
    'lag',
    'Polygon bor',
    'block #12345678 is not yet available',
    /(block|head|header|height) (#?\w+ )?(is |was )?not (yet|been) ?(\w+ )?|(available|mined|produced|indexed) yet/,
  ],
  [
    'lag',
    'geth',
    'block range extends beyond current head block',
    /(extends?|beyond|past|after|ahead of|above|greater|higher|exceeds?|equal to) .*(head|latest|chain tip|last|best|current) ?(block)?/,
  ],
  [
    'lag',
    'anvil',
    'Fork Error: BlockOutOfRangeError: block height is 99 but requested was 123',
    /block ?out ?of ?range|latest block number is \d|invalid block tag \d/,
  ],
  ['lag', 'anvil', 'Resource not found', /^resource not found\.?$/],
  [
    'lag',
    'geth',
    'header not found',
    /header for hash not found|header not found|unknown (block|header)|could ?n[o']t (find|get) (the )?(header|block)/,
  ],
  [
    'lag',
    'Ethermint',
    'failed to fetch header by number (latest): rpc error: code = NotFound desc = block bloom not found: key not found',
    /no (header|block) (found )?(for|with)|failed to (fetch|get) (header|logs for block)|block bloom not found|cannot be found/,
  ],
  ['lag', 'nethermind', '0x9c1f5e could not be found', /^(block )?(0x)?[\da-f]+ could not be found/],
  [
    'lag',
    'Avalanche',
    'cannot query unfinalized data',
    /(node|still|is|not) (currently )?(sync|initiali[sz])(ing|ed)|\bbehind\b|cannot query unfinalized/,
  ],
  [
    'pruned',
    'erigon 2',
    'block not found 11185311',
    /block[s]? (#?\w+ )?(not|n't) (found|available|exist)|block (is )?(unavailable|missing)/,
  ],
];
