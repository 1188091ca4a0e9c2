import type { Clock } from '../../../runtime/clock.js';
import { SecretMask } from '../../../runtime/secrets.js';
import { capIn, retryAfterIn, suggestionIn } from '../errors/rpc-error-hints.js';
import { classOfStatus, sortError } from '../errors/rpc-error-patterns.js';
import { RpcError } from '../errors/rpc-error.js';
import { malformed, readReply, shorten } from './json-rpc-answer.js';
import type { HttpAnswer, RpcOutcome, RpcReply, StatedError } from './json-rpc-answer.js';

interface AnswerReaderOptions {
  /** What it says of the endpoint is kept out of errors. */
  readonly url: string;
  readonly host: string;
  readonly clock: Clock;
}

interface Batch {
  readonly firstId: number;
  readonly count: number;
}

/** Tells what an endpoint's answers say: results, refusals sorted by what they mean, or nothing of the kind. */
export class AnswerReader {
  readonly #host: string;
  readonly #clock: Clock;
  readonly #secrets = new SecretMask();

  constructor({ url, host, clock }: AnswerReaderOptions) {
    this.#host = host;
    this.#clock = clock;
    this.#secrets.remember(url);
  }

  /** Returns what an answer to one call says, which is undefined where it is no JSON. */
  readOne(answer: HttpAnswer, parsed: unknown, id: number): RpcOutcome {
    return this.#outcome(this.#single(answer, parsed, id), answer);
  }

  /** Returns what an array says of each of the calls of a batch, whose ids follow each other. */
  readEach(parsed: readonly unknown[], answer: HttpAnswer, { firstId, count }: Batch): RpcOutcome[] {
    const replies = parsed.map(readReply);
    return Array.from({ length: count }, (_call, index) => {
      // Nearly all servers answer in order.
      const usual = replies[index];
      const reply = usual?.id === String(firstId + index) ? usual : pick(replies, firstId + index);
      const outcome = this.#outcome(reply ?? leftOut, answer);
      return outcome.ok || reply !== undefined ? outcome : { ...outcome, isLeftOut: true };
    });
  }

  /** Returns the error that stands where an array of answers should be. */
  refusalIn(parsed: unknown, answer: HttpAnswer): RpcError {
    const stated = this.#statedByBody(parsed, answer);
    // Without a node's own words it is the HTTP server that finds the request too long: fewer calls make it shorter.
    const isTooLong = answer.status === 413 && parsed === undefined;
    return this.#error(isTooLong ? { ...stated, class: 'batch' } : stated, answer);
  }

  #single(answer: HttpAnswer, parsed: unknown, id: number): RpcReply {
    const body: unknown = Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
    if (parsed === undefined) return { id: undefined, error: this.#statedByBody(parsed, answer) };
    const reply = readReply(body);
    if (reply.error !== undefined || reply.id === undefined || reply.id === String(id)) return reply;
    return { id: undefined, error: malformed('the answer belongs to another request') };
  }

  /** What an answer says that is not what was asked for: an error for the whole, a page of a proxy, half a document. */
  #statedByBody(parsed: unknown, { status, text, leadsTo }: HttpAnswer): StatedError {
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return readReply(parsed).error ?? malformed('one answer for a batch of calls');
    }
    const ofStatus = classOfStatus(status);
    if (ofStatus === 'redirect') {
      const where = leadsTo === undefined ? '' : ` to ${leadsTo}`;
      return { ...malformed(`HTTP ${status}: a redirect${where}, which is not followed`), class: ofStatus };
    }
    if (text.trim() === '') {
      return { ...malformed(`HTTP ${status} with an empty body`), class: ofStatus ?? 'malformed' };
    }
    if (ofStatus === undefined) return malformed(`no JSON: ${shorten(text, 200)}`);
    const stated = `HTTP ${status} ${shorten(text, 200)}`;
    // A page says in its own words what the status may hide, such as a rate limit behind a 403.
    return { message: stated, code: undefined, data: undefined };
  }

  #outcome(reply: RpcReply, answer: HttpAnswer): RpcOutcome {
    if (reply.error === undefined) return { ok: true, value: reply.result, bytes: answer.bytes };
    return { ok: false, error: this.#error(reply.error, answer), bytes: answer.bytes };
  }

  #error(stated: StatedError, { status, retryAfter }: HttpAnswer): RpcError {
    const { code, data } = stated;
    const message = this.#secrets.mask(stated.message) || 'an error without a message';
    const text = code === undefined ? message : `${message} (code ${code})`;
    return new RpcError(text, {
      class: stated.class ?? sortError(message, code, status),
      host: this.#host,
      cap: capIn(message),
      suggestion: suggestionIn(message, data),
      retryAfterMs: retryAfterIn(message, data, retryAfter, this.#clock.now()),
    });
  }
}

const leftOut: RpcReply = { id: undefined, error: malformed('the batch was answered without this call') };

/** Returns what is said of a call; undefined where nothing is. */
function pick(replies: readonly RpcReply[], id: number): RpcReply | undefined {
  const reply = replies.find((candidate) => candidate.id === String(id));
  if (reply !== undefined) return reply;
  // Some servers refuse a whole batch with one element, which may bear no id.
  return replies.find((candidate) => candidate.error !== undefined && replies.length === 1);
}
