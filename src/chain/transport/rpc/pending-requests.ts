import { abortable } from '../../../runtime/abortable.js';
import type { HttpAnswer } from './json-rpc-answer.js';
import type { RpcError } from '../errors/rpc-error.js';

interface PendingRequest {
  /** The ids of its first and its last call; those between belong to it, too. */
  readonly firstId: number;
  readonly lastId: number;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (reason: Error) => void;
}

/** What stands before the id in a call as chainparse writes it. */
const idKey = '"id":';

/** Requests that share a connection and wait for their answers, which come in any order and bear the calls' ids. */
export class PendingRequests {
  /** In the order in which they were sent: their ids grow. */
  readonly #requests = new Set<PendingRequest>();

  /** Waits for the answer to a body; gives up when the signal is aborted. */
  add(body: string, signal: AbortSignal): Promise<HttpAnswer> {
    const ids = { firstId: idAt(body, body.indexOf(idKey)), lastId: idAt(body, body.lastIndexOf(idKey)) };
    return abortable<HttpAnswer>(signal, (resolve, reject) => {
      const request = { ...ids, resolve, reject };
      this.#requests.add(request);
      return () => this.#requests.delete(request);
    });
  }

  /** Gives an answer to whoever waits for it; one that nobody waits for any more is dropped. */
  settle(answer: HttpAnswer): void {
    const ids = idsIn(answer.parsed);
    const request = ids.length === 0 ? this.#mostLikely() : this.#asked(Math.min(...ids));
    if (request === undefined) return;
    this.#requests.delete(request);
    request.resolve(answer);
  }

  /** Tells all that wait that no answer will come. */
  failAll(reason: RpcError): void {
    for (const request of this.#requests) request.reject(reason);
    this.#requests.clear();
  }

  #asked(id: number): PendingRequest | undefined {
    return [...this.#requests].find(({ firstId, lastId }) => firstId <= id && id <= lastId);
  }

  /** What bears no id is a refusal of a whole batch, or of a call that was not read: the oldest has waited longest for it. */
  #mostLikely(): PendingRequest | undefined {
    const requests = [...this.#requests];
    return requests.find(({ firstId, lastId }) => firstId < lastId) ?? requests[0];
  }
}

function idAt(body: string, index: number): number {
  return Number.parseInt(body.slice(index + idKey.length, index + idKey.length + 20), 10);
}

function idsIn(parsed: unknown): number[] {
  const replies: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return replies.flatMap((reply) => {
    const id = (reply as { readonly id?: unknown } | null | undefined)?.id;
    const number = typeof id === 'string' ? Number(id) : id;
    return typeof number === 'number' && Number.isFinite(number) ? [number] : [];
  });
}
