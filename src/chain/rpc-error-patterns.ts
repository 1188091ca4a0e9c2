import type { RpcErrorClass } from './rpc-error.js';

type Pattern = readonly [RpcErrorClass, RegExp];

/**
 * What providers and clients really write, in the order in which it is tried: the first match wins, so the special
 * stands before the general. Texts are compared in lower case, without URLs and without the names of the methods.
 */
const messagePatterns: readonly Pattern[] = [
  ['method-disabled', /^(request )?limit exceeded\.?$/],
  ['internal', /panic|index out of range|nil pointer|null ?pointer|stack overflow|segmentation/],
  ['invalid-request', /^invalid block range( params)?\.?$|cannot specify both|exceed max (addresses|topics)/],
  ['invalid-request', /(from ?block|begin|start)\w* .*(greater|larger|higher|after|bigger|more) .*(to ?block|end)/],
  ['invalid-request', /(addresses|topics) .*(exceed|too many)|too many (addresses|topics)/],

  ['batch', /batch (request |call )?(size |length |limit |item )*(is |was )?(too (large|big|long|many)|exceed)/],
  ['batch', /batch(ed|ing|es)?( requests?| calls?)?( are| is)? (not|n't|un|dis)|too (many|large) .*batch/],
  ['batch', /batch.*(max|limit|over|more)|(max\w*|over|exceed\w*|limit) .*batch|cannot unmarshal array/],
  ['batch', /(not|n't|no|disallow\w*|disabled?) (support\w* |allow\w* )?batch/],
  [
    'response-too-large',
    /response (body |message |size )*(is |was )?(too (large|big)|larger|bigger|exceed|limit|over)/,
  ],
  ['response-too-large', /max(imum)? (response|message|body) size|payload too large|read limit exceeded/],

  ['quota', /(daily|monthly|month's|weekly|(per|this|a) (day|month|week)).*(exceed|reach|limit|exhaust|used)/],
  ['quota', /(exceed|reach|limit|exhaust|used).*(daily|monthly|weekly|(per|this|a|the) (day|month|week))/],
  ['rate-limit', /too many requests|per (second|sec|minute|min|hour)\b|\d+\/(s|sec|second|min|minute)\b/],
  ['range-cap', /limited to (a |max(imum)? )?[\d,. -]+k? ?-?(blocks? )?(range|blocks)/],
  ['quota', /quota|(plan|trial|subscription).*(expired|exhausted|ended|inactive)|payment required|billing|usage limit/],
  [
    'quota',
    /(out of|insufficient|not enough|no( more)?) (cu|credits?|balance)|credits (are )?(exhausted|used up|exceeded)/,
  ],

  // "timeout on the free tier, please upgrade" is a timeout; "ranges over … not supported on free tier" is a cap.
  ['timeout', /time[d]?[ -]?out|deadline exceeded|took too (long|much time)|execution (was )?(aborted|interrupted)/],
  ['timeout', /request (was )?(aborted|cancell?ed)|context cancell?ed|query (was )?(cancell?ed|aborted|interrupted)/],

  [
    'rate-limit',
    /rate[ -]?limit|ratelimit|throttl|credits limited|over rate|rate is too|too many (concurrent|connections)/,
  ],
  ['rate-limit', /(call|request|rps|cu|cups) (rate|limit|capacity)|exceed\w* .*(capacity|rps|qps|throughput)/],
  ['rate-limit', /(slow|back) ?(down|off)|concurren(t|cy).*(limit|exceed|many)|(http|^) ?429\b|error code: 1015/],
  ['rate-limit', /(retry|try again) (in|after) [\d.]+ ?(ms|s|m|h)/],

  ['missing-state', /missing trie node|\btrie\b|state root|state histor|no state available|metadata is not found/],
  ['missing-state', /historical (state(?! that)|rpc)|state (already|is not|not|has been|at block|unavailable|missing)/],
  ['missing-state', /distance to target block exceeds/],
  ['pruned', /prun(ed|ing)|no longer (available|stored)|(old|historical) data (is )?not available/],
  [
    'pruned',
    /lowest (block )?height|earliest (available )?block|only .*(last|latest|most recent|newest) [\d,]+|null round/,
  ],
  ['pruned', /(history|historical|ancient|archiv\w+).*(unavailable|not (available|supported|found|enabled))/],
  ['pruned', /archiv\w+.*(require|need|only|missing|personal token)|(require|need|only|use)\w* [^.]*archiv/],
  ['pruned', /(receipts?|logs?) (is |are |was |were )?(not available|unavailable|missing|not found)/],
  ['pruned', /missing (block )?(receipts|body|bodies)|older than|lookback/],
  ['pruned', /(before|below|lower than) .*(earliest|lowest|oldest|first|cutoff|start of)/],
  ['lag', /(header|block|tip ?set|latest block|head|toblock) (#?\w+ )?(is |was )?(ahead|in the future|out of range)/],
  [
    'lag',
    /(block|head|header|height) (#?\w+ )?(is |was )?not (yet|been) ?(\w+ )?|(available|mined|produced|indexed) yet/,
  ],
  [
    'lag',
    /(extends?|beyond|past|after|ahead of|above|greater|higher|exceeds?|equal to) .*(head|latest|chain tip|last|best|current) ?(block)?/,
  ],
  ['lag', /header for hash not found|header not found|unknown (block|header)|could ?n[o']t find (the )?(header|block)/],
  ['lag', /no (header|block) (found )?(for|with)|failed to (fetch|get) header|block bloom not found|cannot be found/],
  ['lag', /(node|still|is|not) (currently )?sync(ing|ed)|\bbehind\b|cannot query unfinalized/],
  ['pruned', /block[s]? (#?\w+ )?(not|n't) (found|available|exist)|block (is )?(unavailable|missing)/],

  ['density', /(result|log|event|entr|record|row|match)\w* .*(more than|exceed|limit|too (many|large|much)|over|max)/],
  ['density', /(more than|exceed\w*|too many|limit\w*|max\w*) [^.]*(results?|logs?|events?|entries|records|matches)\b/],
  ['density', /query (would )?return\w* more than|narrow (down )?your (query|filter|search)|too much data|result set/],
  ['range-cap', /\brange|blocks? distance|blocks? at (a time|once)|query must be smaller than|\bspan\b|\bwindow\b/],
  [
    'range-cap',
    /(too (many|wide)|number of|requested|more than|over|max\w*|up to|limit\w*|smaller|exceed\w*) .*blocks/,
  ],
  [
    'range-cap',
    /blocks? .*(too (many|wide|large|big|long)|exceed|limit|max)|from ?block .*to ?block|to ?block .*from ?block/,
  ],

  [
    'quota',
    /unauthori[sz]ed|(api|access|project)[ -]?(key|token|id)|authenticat|invalid (key|token|credentials)|tenant/,
  ],
  [
    'method-disabled',
    /method .*(not|n't|un|dis|den|black|forbid)|(not|un)[ -]?(support|implement|whitelist|allow|permit)\w*/,
  ],
  ['method-disabled', /does not exist|is(n't| not) available|disabled|not available on|no such method|unknown method/],
  ['quota', /forbidden|access denied|upgrade|not activated/],
  ['invalid-request', /invalid (argument|param|request|filter|topic|address|hex|input|json)|hex string/],
  ['invalid-request', /missing (value|param)|cannot unmarshal/],
  ['internal', /internal|temporar|unavailable|try again|retry|overload|busy|bad gateway|upstream|backend/],
  ['internal', /no (healthy|available)|request failed|server error/],
  ['transport', /econnre|socket|network|connection|\beof\b|broken pipe|dial tcp/],
];

/** -32600 and -32602 are not among them: providers use them for limits, in words that nobody has seen yet. */
const codeClasses: ReadonlyMap<number, RpcErrorClass> = new Map([
  [-32700, 'malformed'],
  [-32601, 'method-disabled'],
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
  const text = plainText(message);
  for (const [name, pattern] of messagePatterns) if (pattern.test(text)) return name;
  const byCode = code === undefined ? undefined : codeClasses.get(code);
  return byCode ?? classOfStatus(status) ?? 'unknown';
}

/** The sentence is at the start: what a server appends must not cost time, and names and links not mislead. */
function plainText(message: string): string {
  const text = message.slice(0, 1_000).toLowerCase();
  return text
    .replace(/https?:\/\/\S+/g, '')
    .replace(/\b(eth_)?(getlogs|newfilter|getfilterlogs)\b/g, 'call')
    .trim();
}

/** Sorts an answer by its HTTP status alone; undefined for a good one. */
export function classOfStatus(status: number | undefined): RpcErrorClass | undefined {
  if (status === undefined || (status >= 200 && status < 300)) return undefined;
  if (status < 400) return 'method-disabled';
  return statusClasses.get(status) ?? (status >= 500 ? 'transport' : 'invalid-request');
}
