import type { RpcErrorClass } from './rpc-error.js';

/**
 * A class of errors, who is known to answer so, an example of what they write, and the pattern by which it is told. The
 * pattern meets a text in lower case, without URLs and with `call` for the names of the methods.
 */
export type RpcErrorPattern = readonly [kind: RpcErrorClass, provider: string, example: string, pattern: RegExp];
