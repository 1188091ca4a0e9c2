import type { RpcErrorClass } from './rpc-error.js';

type Pattern = readonly [RpcErrorClass, RegExp];

/**
 * What providers and clients really write, in the order in which it is tried: the first match wins, so the special
 * stands before the general. Texts are compared in lower case.
 */
const messagePatterns: readonly Pattern[] = [
  // Sentences that would also match something more general below.
  ['method-disabled', /^(request )?limit exceeded\.?$/],
  [
    'response-too-large',
    /response (is |was )?too (large|big)|response size (is |was )?(too|exceed|limit)|response exceed/,
  ],
  ['response-too-large', /(log )?response size exceeded|max(imum)? (response|message|body) size|payload too large/],
  ['batch', /batch (request |call )?(size |length |limit |item )*(is |was )?(too (large|big|long|many)|exceed)/],
  [
    'batch',
    /batch(ed|ing|es)?( requests?| calls?)?( are| is)? (not|n't|un|dis)|too (many|large) .*batch|batch.*(max|limit|over|more)/,
  ],
  ['batch', /(not|n't|no|disallow\w*|disabled?) (support\w* |allow\w* )?batch|cannot unmarshal array/],

  ['quota', /(daily|monthly|month's|weekly).*(exceed|reach|limit|exhaust|used)|quota|capacity limit.*month/],
  [
    'quota',
    /(out of|insufficient|not enough|no( more)?) (cu|credits?|funds on|balance)|(plan|trial|subscription).*(expired|exhausted|ended|inactive)/,
  ],
  ['quota', /payment required|billing|credits (are )?(exhausted|used up|exceeded)|usage limit/],

  // "timeout on the free tier, please upgrade" is a timeout; "ranges over … not supported on free tier" is a cap.
  ['timeout', /time[d]?[ -]?out|deadline exceeded|took too (long|much time)|execution (was )?(aborted|interrupted)/],
  ['timeout', /request (was )?(aborted|cancell?ed)|context cancell?ed|query (was )?(cancell?ed|aborted|interrupted)/],

  [
    'rate-limit',
    /too many requests|rate[ -]?limit|ratelimit|throttl|compute units per second|credits limited|over rate/,
  ],
  [
    'rate-limit',
    /requests? per (second|sec|minute|min|hour)|\d+\/(s|sec|second|min|minute)\b|(call|request|rps|cu|cups) (rate|limit|capacity)/,
  ],
  [
    'rate-limit',
    /exceed\w* .*(capacity|rps|qps|throughput)|(slow|back) ?(down|off)|concurren(t|cy).*(limit|exceed|many)|too many (concurrent|connections)/,
  ],
  ['rate-limit', /(retry|try again) (in|after) [\d.]+ ?(ms|s|m|h)|\b429\b/],

  [
    'lag',
    /(extends?|is|are|beyond|past|after|above|greater|higher|exceeds?) .*(current |latest )?(head|latest|chain tip|last block|best block)/,
  ],
  [
    'lag',
    /(header|block|tip ?set|latest block|head) (is |was )?(ahead|in the future|not (yet |been )?(available|mined|produced|indexed|processed|synced))/,
  ],
  [
    'lag',
    /header for hash not found|header not found|unknown (block|header)|could ?n[o']t find (the )?(header|block)|no (header|block) (found )?(for|with)/,
  ],
  [
    'lag',
    /failed to (fetch|get) header|block bloom not found|(node|still|is|not) (currently )?sync(ing|ed)|behind|cannot query unfinalized|height .* (not|must be) /,
  ],

  [
    'pruned',
    /prun(ed|ing)|no longer (available|stored)|(old|historical) data (is )?not available|history (is )?(not|un)available/,
  ],
  [
    'pruned',
    /(history|historical|ancient|archiv\w+).*(unavailable|not (available|supported|found|enabled)|require|need|only|missing|personal token)/,
  ],
  [
    'pruned',
    /(receipts?|logs?) (is |are |was |were )?(not available|unavailable|missing|not found)|missing (block )?(receipts|body|bodies)/,
  ],
  [
    'pruned',
    /block[s]? (#?\w+ )?(not|n't) (found|available|exist)|block (is )?(not found|unavailable|missing)|lookback|earliest (available )?block/,
  ],
  [
    'pruned',
    /requested (epoch|block) .*(below|before|older|lower)|(before|below|older than|lower than) .*(earliest|lowest|oldest|first|cutoff|start of)/,
  ],
  [
    'missing-state',
    /missing trie node|world state|state (is |was )?(not available|unavailable|missing|not found|has been)|historical (state|rpc)/,
  ],
  ['missing-state', /trie|state root|state histor|distance to target block exceeds|state (already|at block)/],

  ['density', /(result|log|event|entr|record|row|match)\w* .*(more than|exceed|limit|too (many|large|much)|over|max)/],
  [
    'density',
    /(more than|exceed\w*|too many|limit\w*|max\w*) [^.]*(results?|logs?|events?|entries|records|rows|matches)\b/,
  ],
  ['density', /query (would )?return\w* more than|narrow (down )?your (query|filter|search)|too much data|result set/],

  [
    'range-cap',
    /\brange|block ?range|blocks? distance|(too many|number of|requested|more than|over|maximum|max|up to|limit|smaller|exceed\w*) .*blocks/,
  ],
  [
    'range-cap',
    /blocks? .*(too (many|wide|large|big|long)|exceed|limit|max)|query must be smaller than|fromblock .*toblock|span|window/,
  ],

  [
    'method-disabled',
    /method .*(not|n't|un|dis|den|black|forbid)|(not|un)[ -]?(support|implement|whitelist|allow|permit)\w*/,
  ],
  [
    'method-disabled',
    /does not exist|is(n't| not) available|disabled|not available on|no such method|unknown method|method not found/,
  ],
  [
    'quota',
    /unauthori[sz]ed|forbidden|(api|access|project)[ -]?(key|token|id)|authenticat|access denied|invalid (key|token|credentials)|upgrade|not activated/,
  ],

  [
    'internal',
    /internal|temporar|unavailable|try again|retry|overload|busy|bad gateway|upstream|backend|no (healthy|available)|request failed|server error/,
  ],
  ['transport', /econnre|socket|network|connection|eof|broken pipe|dial tcp/],
  [
    'invalid-request',
    /invalid (argument|param|request|block range|filter|topic|address|hex|input|json)|missing (value|param)|cannot (specify|unmarshal)|hex string/,
  ],
];

/** Ranges of text that look like a block range, so that an inverted or malformed one is no cap. */
const invalidRange: readonly Pattern[] = [
  [
    'invalid-request',
    /^invalid block range( params)?\.?$|(from ?block|begin|start)\w* .*(greater|larger|higher|after|bigger|more) .*(to ?block|end)/,
  ],
  ['invalid-request', /cannot specify both|exceed max (addresses|topics)|(addresses|topics) .*(exceed|too many)/],
];

const codeClasses: ReadonlyMap<number, RpcErrorClass> = new Map([
  [-32700, 'malformed'],
  [-32600, 'invalid-request'],
  [-32601, 'method-disabled'],
  [-32602, 'invalid-request'],
  [-32603, 'internal'],
  [-32003, 'response-too-large'],
  [-32004, 'method-disabled'],
  [-32005, 'rate-limit'],
  [-32012, 'rate-limit'],
  [-32016, 'rate-limit'],
  [-32029, 'rate-limit'],
  [-32090, 'rate-limit'],
  [429, 'rate-limit'],
  [4444, 'pruned'],
]);

const statusClasses: ReadonlyMap<number, RpcErrorClass> = new Map([
  [401, 'quota'],
  [402, 'quota'],
  [403, 'quota'],
  [404, 'method-disabled'],
  [405, 'method-disabled'],
  [408, 'timeout'],
  [413, 'invalid-request'],
  [429, 'rate-limit'],
  [504, 'timeout'],
  [524, 'timeout'],
]);

/** Sorts an error by its message, then by its code, then by the HTTP status it came with. */
export function sortError(message: string, code: number | undefined, status: number | undefined): RpcErrorClass {
  // The sentence is at the start; what a server appends must not cost time.
  const text = message.slice(0, 2_000).toLowerCase().trim();
  for (const [name, pattern] of [...invalidRange, ...messagePatterns]) if (pattern.test(text)) return name;
  const byCode = code === undefined ? undefined : codeClasses.get(code);
  return byCode ?? classOfStatus(status) ?? 'unknown';
}

/** Sorts an answer by its HTTP status alone; undefined for a good one. */
export function classOfStatus(status: number | undefined): RpcErrorClass | undefined {
  if (status === undefined || (status >= 200 && status < 300)) return undefined;
  return statusClasses.get(status) ?? (status >= 500 ? 'transport' : status >= 400 ? 'invalid-request' : 'transport');
}
