import { createHmac } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../runtime/clock.js';
import { certificateHint } from '../../runtime/certificate-hint.js';
import { messageOf } from '../../runtime/errors.js';
import { HttpPost } from '../../runtime/http-post.js';
import { RefusedAddressError, isPrivateAddress } from '../../runtime/private-address.js';
import { shownHost } from '../../runtime/shown-host.js';
import type { SinkOpening } from '../seam/component.js';
import type { Sink, SinkBatch, SinkContext } from '../seam/sink.js';
import { MessageRefusedError, ReceiverAwayError, TakenInPartError } from '../seam/delivery-errors.js';
import { openedUrl, requireDecodable } from '../keys/secret.js';
import { objectionOf } from './answer.js';
import { webSchemes } from './config.js';
import type { WebhookConfig } from './config.js';
import { checkPaths } from './message-body.js';
import { requestsOf } from './requests.js';
import type { WebhookRequest } from './requests.js';

const privateHint =
  'write allow_private: true if that is meant; if the API stored the definition, list the host in CHAINPARSE_API_PRIVATE_HOSTS too';

/** POSTs messages to a URL, one request after the other. */
export class WebhookSink implements Sink {
  readonly #config: WebhookConfig;
  readonly #clock: Clock;
  readonly #post: HttpPost;
  readonly #requestsOf: ReturnType<typeof requestsOf>;
  readonly #isEncrypted: boolean;
  /** How it is named in what is told of it: a URL may hold keys anywhere else. */
  readonly #label: string;
  #hasAnswered = false;
  /** Keys of requests that the receiver has taken, of a batch of which it has not taken all. */
  readonly #taken = new Set<string>();

  constructor(config: WebhookConfig, opening: SinkOpening, lookup?: LookupFunction) {
    const { clock, events } = opening;
    const url = openedUrl(config.url, webSchemes);
    requireDecodable(url);
    if (config.body !== undefined) checkPaths(config.body, events);
    const refuses = config.allow_private ? undefined : isPrivateAddress;
    this.#config = config;
    this.#clock = clock;
    this.#isEncrypted = url.protocol === 'https:';
    this.#label = `Webhook at ${shownHost(url.host)}`;
    this.#post = new HttpPost({ url: url.href, timeoutMs: this.#timeoutMs, clock, refuses, lookup });
    this.#requestsOf = requestsOf(config, opening);
  }

  get #timeoutMs(): number {
    return this.#config.timeout * 1_000;
  }

  async deliver({ messages }: SinkBatch, { signal, moved, goesOn }: SinkContext): Promise<void> {
    let taken = 0;
    for (const request of this.#requestsOf(messages)) {
      // Else a receiver that takes so many requests a minute would get the first ones again and again.
      if (!this.#taken.has(request.key)) {
        if (taken > 0 && goesOn?.() === false) {
          this.#taken.clear();
          throw new TakenInPartError(taken);
        }
        moved(this.#timeoutMs);
        await this.#send(request, signal);
        this.#taken.add(request.key);
      }
      taken += request.messages;
    }
    this.#taken.clear();
  }

  async close(): Promise<void> {
    await this.#post.close();
  }

  async #send(request: WebhookRequest, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#post.send(this.#headers(request), request.body, signal);
      this.#hasAnswered = true;
      const objection = await objectionOf(answer, this.#label, this.#clock);
      if (objection !== null) throw objection;
    } catch (error) {
      signal.throwIfAborted();
      throw isDeliveryError(error) ? error : this.#away(error);
    }
  }

  #away(cause: unknown): ReceiverAwayError {
    const text = messageOf(cause);
    const isCut = text === 'other side closed';
    // It names the host itself.
    if (cause instanceof RefusedAddressError) return new ReceiverAwayError(text, { cause, hint: privateHint });
    const message = isCut ? 'it closed the connection without an answer' : text;
    return new ReceiverAwayError(`${this.#label}: ${message}`, {
      cause,
      hint: certificateHint(cause) ?? this.#schemeHint(text, isCut),
    });
  }

  /** What does not speak HTTP, or does so by TLS alone, has never answered. */
  #schemeHint(text: string, isCut: boolean): string | undefined {
    if (/wrong version number/.test(text)) return 'is its port one for TLS? Without TLS the url begins with http://';
    if (!isCut || this.#hasAnswered || this.#isEncrypted) return undefined;
    return 'does its port want TLS? Then the url begins with https://';
  }

  /** The time of sending is new in each try: a receiver refuses what is old, for it may be somebody's replay. */
  #headers({ key, body }: WebhookRequest): Record<string, string> {
    const { secret, headers } = this.#config;
    const seconds = Math.floor(this.#clock.now() / 1_000);
    return {
      'user-agent': 'chainparse',
      ...lowerCased(headers),
      'content-type': 'application/json',
      'idempotency-key': key,
      ...(secret === undefined ? {} : { 'chainparse-signature': signature(secret, seconds, body) }),
    };
  }
}

/** Signs a body: HMAC-SHA256 of its time, a dot and itself, in hex. */
function signature(secret: string, seconds: number, body: Buffer): string {
  const mac = createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex');
  return `t=${seconds},v1=${mac}`;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function isDeliveryError(error: unknown): boolean {
  return error instanceof MessageRefusedError || error instanceof ReceiverAwayError;
}
