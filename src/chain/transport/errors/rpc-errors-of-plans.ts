import type { RpcErrorPattern } from './rpc-error-pattern.js';

/** About what is used up for longer than one waits; some of it says "rate", too, so it stands first. */
export const errorsOfQuotas: readonly RpcErrorPattern[] = [
  [
    'quota',
    'Infura',
    'daily request count exceeded, request rate limited',
    /(daily|monthly|month's|weekly|(per|this|a) (day|month|week)).*(exceed|reach|limit|exhaust|used|consumed)/,
  ],
  [
    'quota',
    'QuickNode',
    'API credits limit reached for this month',
    // A month behind a rate per second, or behind a wish for money, is none that is used up.
    /(exceed|reach|limit|exhaust|used)((?!upgrade|per second|\/s(ec(ond)?)?\b).)*(daily|monthly|weekly|(per|this|a|the) (day|month|week))/,
  ],
  [
    'rate-limit',
    'QuickNode',
    '50/second request limit reached - reduce calls per second or upgrade your account at quicknode.com',
    /too many requests|per (second|sec|minute|min|hour)\b|\d+\/(s|sec|second|min|minute)\b/,
  ],
  [
    'range-cap',
    'Base',
    'eth_getLogs is limited to a 10,000 range',
    /limit(ed to|( exceeded)?( is|:)) (a |max(imum)? )?[\d,. -]+k? ?-?(blocks? )?(range|blocks)/,
  ],
  [
    'quota',
    'Tenderly',
    'quota limit reached',
    /quota|(plan|trial|subscription).*(expired|exhausted|ended|inactive)|payment required|billing|usage limit/,
  ],
  ['quota', 'Blast', 'You reached the free tier limits', /(reach|exceed|exhaust)\w* .*free (tier|plan)/],
  [
    'quota',
    'Alchemy',
    'App is inactive. Please contact support',
    /(app|account|project|endpoint) is (in|not )active|not enabled (for|on) (this|your|the) (app|account|project)/,
  ],
  [
    'quota',
    'NodeReal',
    'out of CU',
    /(out of|insufficient|not enough|no( more)?) (cu\b|credits?|balance)|credits (are )?(exhausted|used up|exceeded)/,
  ],
];

/** About what is too much for the moment. */
export const errorsOfRates: readonly RpcErrorPattern[] = [
  [
    'rate-limit',
    'Infura',
    'project ID request rate limit exceeded',
    /rate[ -]?limit|ratelimit|throttl|credits limited|over rate|rate is too|too many (concurrent|connections)/,
  ],
  [
    'rate-limit',
    'Chainstack',
    "You've exceeded the RPS limit available on the current plan.",
    /(call|request|rps|cu|cups) (rate|limit|capacity)(?!.*(\d[km]? ?-?blocks?\b|block range))|exceed\w* .*(capacity|rps|qps|throughput)/,
  ],
  [
    'rate-limit',
    'Cloudflare',
    'error code: 1015',
    /(slow|back) ?(down|off)|concurren(t|cy).*(limit|exceed|many)|(http|^) ?429\b|error code: 1015/,
  ],
  [
    'rate-limit',
    'Ankr',
    'the call has failed, retry in 10s',
    /(retry|try again) (in|after) [\d.]+ ?(ms|s|m|h)|will reset in \d/,
  ],
];

/** About keys, plans and methods: what the endpoint does not offer to this caller. */
export const errorsOfAccess: readonly RpcErrorPattern[] = [
  [
    'quota',
    'Ankr',
    'Unauthorized: You must authenticate your request with an API key',
    /unauthori[sz]ed|(api|access|project)[ -]?(key|token|id)|authenticat|invalid (key|token|credentials)|tenant/,
  ],
  [
    'method-disabled',
    'Optimism proxyd',
    'rpc method is not whitelisted',
    /method .*(not|n't|un|dis|den|black|forbid)|(not|un)[ -]?(support|implement|whitelist|allow|permit)\w*/,
  ],
  [
    'method-disabled',
    'QuickNode',
    'eth_getLogs is not available on the free tier',
    /does not exist|is(n't| not) available|disabled|not available on|no such method|unknown method/,
  ],
  ['quota', 'Blast', 'You reached Blast limits, please upgrade', /forbidden|access denied|upgrade|not activated/],
];
