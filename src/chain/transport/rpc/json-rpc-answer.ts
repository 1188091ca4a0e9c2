import type { Turns } from '../../../runtime/turns.js';
import type { RpcError, RpcErrorClass } from '../errors/rpc-error.js';
import type { RateStatement } from './rate-headers.js';

/** One call of a JSON-RPC method. */
export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
  /** Makes what reads a long array that the call answers with; the outcome's value may then be it in the array's stead. */
  readonly collect?: () => Collector;
  /** The fields of the object that the call answers with which are wanted; the others may then be left out. */
  readonly pick?: readonly string[];
}

/** Reads an array of objects from the text that an endpoint sent. */
export interface Collector {
  /**
   * Takes bytes `from` to `end`, which hold `{…},{…}` if they are JSON, in turns; throws where they don't, or hold
   * something else.
   */
  take(json: Buffer, from: number, end: number, turns: Turns): Promise<void>;
}

/** The outcome of one call, and how long the answer was in which it came: it may hold other calls' outcomes, too. */
export type RpcOutcome =
  | { readonly ok: true; readonly value: unknown; readonly bytes: number }
  | {
      readonly ok: false;
      readonly error: RpcError;
      readonly bytes: number;
      /** True where the answer to the batch says nothing of this call. */
      readonly isLeftOut?: boolean;
    };

/** An HTTP answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Where a redirect leads, which is not followed: scheme and host, as they may be shown. */
  readonly leadsTo?: string | undefined;
  /** What its headers state of how often the server may be asked. */
  readonly rates?: readonly RateStatement[];
  readonly text: string;
  /** The text as it was sent, where the transport still has it. */
  readonly body?: Buffer;
  /** Gives back the room of `body` and `text`, which are not read any more. */
  readonly release?: () => void;
  /** How long the text was on its way. */
  readonly bytes: number;
  /** The text as JSON, where the transport had to read it to know whose answer it is. */
  readonly parsed?: unknown;
}

/** An error as a node states it, before it is sorted. */
export interface StatedError {
  readonly message: string;
  readonly code: number | undefined;
  readonly data: unknown;
  /** Set where the shape of the answer already says what is wrong. */
  readonly class?: RpcErrorClass;
}

/** One element of an answer: a result, or an error; the id is undefined where the server left it out. */
export interface RpcReply {
  readonly id: string | undefined;
  readonly result?: unknown;
  readonly error?: StatedError;
}

/** Returns the parsed body; undefined where it is no JSON. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Reads one JSON-RPC reply; anything else becomes an error that says so. */
export function readReply(body: unknown): RpcReply {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { id: undefined, error: malformed(`no JSON-RPC answer: ${shorten(JSON.stringify(body))}`) };
  }
  const fields = body as Readonly<Record<string, unknown>>;
  const id = idOf(fields['id']);
  if (fields['error'] !== undefined && fields['error'] !== null) return { id, error: readError(fields['error']) };
  if ('result' in fields) return { id, result: fields['result'] };
  return { id, error: messageOnly(fields) ?? malformed('the answer holds neither result nor error') };
}

function idOf(id: unknown): string | undefined {
  return typeof id === 'number' || typeof id === 'string' ? String(id) : undefined;
}

function readError(error: unknown): StatedError {
  if (typeof error === 'string') return { message: shorten(error), code: undefined, data: undefined };
  if (typeof error !== 'object' || error === null) return malformed(`error: ${shorten(JSON.stringify(error))}`);
  const { message, code, data } = error as Readonly<Record<string, unknown>>;
  const text = typeof message === 'string' ? message : JSON.stringify(error);
  const more = typeof data === 'string' ? data : genericText.test(text) ? detailsIn(data) : '';
  const detail = more === '' || text.includes(more) ? text : `${text} (${shorten(more)})`;
  return { message: shorten(detail, 1_000), code: codeOf(code), data };
}

/** What a text begins with that says nothing: then the error's data may. */
const genericText =
  /^(invalid (params?|parameters?|argument|request|input)|(internal|server|rpc|execution|unknown) error|error)\b/i;

function detailsIn(data: unknown): string {
  return typeof data === 'object' && data !== null ? JSON.stringify(data) : '';
}

/** Gateways answer in shapes of their own, such as `{"message": "…"}`. */
function messageOnly(fields: Readonly<Record<string, unknown>>): StatedError | undefined {
  const { message, code } = fields;
  if (typeof message !== 'string') return undefined;
  return { message: shorten(message), code: codeOf(code), data: undefined };
}

function codeOf(code: unknown): number | undefined {
  const value = typeof code === 'string' && code.trim() !== '' ? Number(code) : code;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Returns an error for an answer that has not the shape of one. */
export function malformed(message: string): StatedError {
  return { message, code: undefined, data: undefined, class: 'malformed' };
}

/** Returns a text fit for one line of an error. */
export function shorten(text: string | undefined, length = 500): string {
  const line = (text ?? 'nothing')
    // A body may be as long as an answer.
    .slice(0, 20_000)
    .replace(/<[^>]{0,200}>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= length ? line : `${line.slice(0, length)}…`;
}
