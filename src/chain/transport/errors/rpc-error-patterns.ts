import type { RpcErrorPattern } from './rpc-error-pattern.js';
import type { RpcErrorClass } from './rpc-error.js';
import { errorsOfCalls } from './rpc-errors-of-calls.js';
import { errorsOfHistory } from './rpc-errors-of-history.js';
import { errorsOfAccess, errorsOfQuotas, errorsOfRates } from './rpc-errors-of-plans.js';
import { errorsOfRanges } from './rpc-errors-of-ranges.js';
import { errorsOfRequests, errorsOfTime } from './rpc-errors-of-requests.js';
import { errorsOfServers } from './rpc-errors-of-servers.js';

/**
 * What providers and clients really write, in the order in which it is tried: the first match wins, so the special
 * stands before the general.
 */
export const rpcErrorPatterns: readonly RpcErrorPattern[] = [
  ...errorsOfCalls,
  ...errorsOfRequests,
  ...errorsOfQuotas,
  ...errorsOfTime,
  ...errorsOfRates,
  ...errorsOfHistory,
  ...errorsOfRanges,
  ...errorsOfAccess,
  ...errorsOfServers,
];

/** -32600 and -32602 are not among them: providers use them for limits, in words that nobody has seen yet. */
const codeClasses: ReadonlyMap<number, RpcErrorClass> = new Map([
  [3, 'revert'],
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
  const kind = patternOf(message)?.[0];
  // The status says that it passes: a bare "limit exceeded" is then none of those that forbid the method.
  if (kind === 'method-disabled' && status === 429) return 'rate-limit';
  // A page of a gateway speaks of its own troubles; only a node's own words may hide a limit.
  if (kind === 'internal' && code === undefined && status !== undefined && status >= 500) return 'transport';
  const byCode = code === undefined ? undefined : codeClasses.get(code);
  return kind ?? byCode ?? classOfStatus(status) ?? 'unknown';
}

/** Returns the pattern by which a text is sorted; undefined where none fits. */
export function patternOf(message: string): RpcErrorPattern | undefined {
  const text = plainText(message);
  return rpcErrorPatterns.find(([, , , pattern]) => pattern.test(text));
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
  if (status < 400) return 'redirect';
  return statusClasses.get(status) ?? (status >= 500 ? 'transport' : 'invalid-request');
}
