import { ChainparseError, ChainUnreachableError } from '../../../runtime/errors.js';
import type { BlockRange } from '../../../model/block.js';
import { factsIn } from './rpc-error-facts.js';
import type { RpcErrorFacts } from './rpc-error-facts.js';

/** What is wrong with an RPC answer, which decides what to do about it. */
export type RpcErrorClass =
  /** The node refuses a range of so many blocks. */
  | 'range-cap'
  /** The range holds more logs than the node gives out at once. */
  | 'density'
  | 'response-too-large'
  /** Too many requests for now. */
  | 'rate-limit'
  /** The plan is used up, or the endpoint asks for a key, a payment or another plan. */
  | 'quota'
  | 'timeout'
  /** The node has not got the block (yet, or any more). */
  | 'lag'
  /** The node has thrown the history away. */
  | 'pruned'
  /** A state that the node has not got: nothing that logs need. */
  | 'missing-state'
  /** The contract that was called gave up, or has no such function: that is the answer. */
  | 'revert'
  | 'method-disabled'
  /** The endpoint is elsewhere, or wants a person to log in. */
  | 'redirect'
  /** The request itself is wrong: no node will answer it. */
  | 'invalid-request'
  /** The node takes no batch, or none of this size. */
  | 'batch'
  /** The answer is no JSON-RPC answer, or holds what it must not. */
  | 'malformed'
  | 'transport'
  | 'internal'
  | 'unknown';

type Classes = ReadonlySet<RpcErrorClass>;

/** Fewer blocks may help. */
const excesses: Classes = new Set(['range-cap', 'density', 'response-too-large', 'timeout']);
/** The endpoint will go on refusing, while another may answer. */
const refusals: Classes = new Set(['quota', 'pruned', 'method-disabled', 'redirect']);
/** The same question would be answered alike. */
const lasting: Classes = new Set([
  ...refusals,
  'range-cap',
  'density',
  'response-too-large',
  'revert',
  'invalid-request',
]);

/** What has nothing to do with how something was asked. */
const passing: Classes = new Set(['transport', 'rate-limit', 'lag']);

/** What is known about an RPC error beside its text. */
interface RpcErrorDetails {
  readonly class: RpcErrorClass;
  /** The endpoint's host: all of its URL that may be shown. */
  readonly host: string;
  /** The most blocks (or calls of a batch) that the node says it takes. */
  readonly cap?: number | undefined;
  /** The range that the node says it would answer. */
  readonly suggestion?: BlockRange | undefined;
  /** How long the node asks to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** True where there was no answer at all. */
  readonly lostConnection?: boolean;
  readonly cause?: unknown;
}

/** One endpoint's refusal or failure to answer one call. */
export class RpcError extends ChainparseError {
  readonly code: string = 'RPC_ERROR';
  readonly exitCode = 6;
  readonly class: RpcErrorClass;
  override readonly retryable: boolean;
  readonly host: string;
  readonly cap: number | undefined;
  readonly suggestion: BlockRange | undefined;
  readonly retryAfterMs: number | undefined;
  readonly lostConnection: boolean;
  /** What is wrong, without the host: its name tells nothing of that. */
  readonly text: string;
  #facts: RpcErrorFacts | undefined;

  constructor(message: string, details: RpcErrorDetails) {
    super(`${details.host}: ${message}`, { cause: details.cause });
    this.text = message;
    this.class = details.class;
    this.retryable = !lasting.has(details.class);
    this.host = details.host;
    this.cap = details.cap;
    this.suggestion = details.suggestion;
    this.retryAfterMs = details.retryAfterMs;
    this.lostConnection = details.lostConnection ?? false;
  }

  /** What its text tells beside its class. */
  get facts(): RpcErrorFacts {
    return (this.#facts ??= factsIn(this.text));
  }
}

/** Says whether asking for fewer blocks may help. */
export function asksForLess(error: RpcError): boolean {
  return excesses.has(error.class);
}

/** Says whether the error may stand for a limit that nobody has described: then fewer blocks are worth a try, too. */
export function mayBeLimit({ class: kind, lostConnection }: RpcError): boolean {
  return kind === 'unknown' || kind === 'internal' || (kind === 'transport' && !lostConnection);
}

/**
 * Says whether the connection was lost, or what came is no answer: where that happens to one question again and again while others are
 * answered, its answer may be too long for something on the way.
 */
export function isCutOff({ class: kind, lostConnection }: RpcError): boolean {
  return kind === 'malformed' || (kind === 'transport' && lostConnection);
}

/** Says whether this endpoint will go on refusing, while another may answer. */
export function isRefusal(error: RpcError): boolean {
  return refusals.has(error.class);
}

/**
 * Says whether an error is an answer to what was asked, which may be given to whoever asks in another way. False where nobody is there,
 * has the block (yet), or bears so many requests.
 */
export function isDeclined(error: unknown): boolean {
  const answer = error instanceof ChainUnreachableError ? error.cause : error;
  return answer instanceof RpcError && !answer.lostConnection && !passing.has(answer.class);
}
