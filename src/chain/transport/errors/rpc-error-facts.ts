import { earliestIn, rateIn } from './rpc-error-hints.js';

/** What the text of a refusal tells beside its class. Nobody else reads such texts again. */
export interface RpcErrorFacts {
  /** How many requests a second are allowed; undefined where that is not said. */
  readonly rate: number | undefined;
  /** The first block of the node's history; undefined where it is not said. */
  readonly earliest: number | undefined;
  /** Too many calls are in flight, however few come in a second. */
  readonly isOfNumberInFlight: boolean;
  /** It is the filter that is too long. */
  readonly isOfFilter: boolean;
  /** The block itself is not there. */
  readonly isOfBlock: boolean;
  /** A server that reads an array as one call finds no method in it, or no parameters. */
  readonly isOfArray: boolean;
  /** A method, or what one may do with it, is refused by name. */
  readonly isOfMethod: boolean;
  /** There is too much of something. */
  readonly isOfSize: boolean;
}

/** Reads the facts in an error's text. */
export function factsIn(text: string): RpcErrorFacts {
  return {
    rate: rateIn(text),
    earliest: earliestIn(text),
    isOfNumberInFlight: /concurren|simultaneous|parallel|in.?flight/i.test(text),
    isOfFilter: /\b(addresses|topics|request is too large)\b/i.test(text),
    isOfBlock: /block\b.* not found/i.test(text),
    isOfArray: /request|json|unmarshal|array|object/i.test(text),
    isOfMethod: /getlogs|limit exceeded|whitelist|plan|tier|specify an address/i.test(text),
    isOfSize: /larg|big|size|limit|many|exceed|max/i.test(text),
  };
}
