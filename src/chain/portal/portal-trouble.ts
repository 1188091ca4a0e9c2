import type { BlockRange } from '../../model/block.js';
import { certificateHint } from '../../runtime/certificate-hint.js';
import type { Clock } from '../../runtime/clock.js';
import { ChainUnreachableError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { backoffMs } from '../../runtime/retry.js';
import type { PortalClient } from './portal-client.js';
import { PortalError } from './portal-error.js';
import type { PortalErrorClass } from './portal-error.js';
import type { PortalHealth } from './portal-health.js';

/** How often each kind is borne in a row: where the portal has never answered a wrong address should be told soon. */
const borne: Readonly<Record<PortalErrorClass, number>> = {
  away: 60,
  busy: 120,
  malformed: 6,
  fork: 6,
  disproved: 0,
  refused: 0,
};
const borneAtFirst = 5;
const backoff = { firstMs: 250, maxMs: 8_000 };
/** The longest time for which a portal is left alone at a time, in milliseconds: well below what a run may be silent before it is called stalled. */
const longestPauseMs = 180_000;
/** How long a portal that gives nothing is waited for where nodes have the same, in milliseconds. */
const besideNodesMs = 30_000;
/** How long one that gives others what they ask for, and not this. */
const besideAnswersMs = 120_000;
/** How long one that gives nothing is waited for where nobody else has it, in milliseconds, however long it wants to be left alone. */
const aloneMs = 900_000;
/** After how long it is told that a portal has no room: that it refuses some requests is usual. */
const busyToldMs = 10_000;

/** A portal that can't be reached, or is not to be believed, for as long as was borne. */
export class PortalFailedError extends ChainUnreachableError {
  override readonly code = 'PORTAL_UNREACHABLE';
}

interface PortalPatienceOptions {
  readonly client: PortalClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** True where what the portal does not give can be read from nodes. */
  readonly hasNodes: boolean;
  /** Hears how each request ended; left out: nobody does. */
  readonly health?: PortalHealth | undefined;
}

/** How much a run bears of its portal. */
export class PortalPatience {
  readonly #options: PortalPatienceOptions;
  #busyToldAt = Number.NEGATIVE_INFINITY;

  constructor(options: PortalPatienceOptions) {
    this.#options = options;
  }

  get client(): PortalClient {
    return this.#options.client;
  }

  /** The longest pause that is waited for before a request, and the longest silence in an answer, in milliseconds. */
  get mostWaitMs(): number {
    return this.#options.hasNodes ? besideNodesMs : Number.POSITIVE_INFINITY;
  }

  /** It has given blocks. */
  gave(): void {
    this.#options.client.gave();
    this.answered();
  }

  /** It has answered. */
  answered(): void {
    this.#options.health?.answered();
  }

  /** Begins to ask for blocks, or for the newest final one (null). */
  begin(wanted: BlockRange | null): PortalTrouble {
    return new PortalTrouble(wanted, this.#options, () => this.#isBusyNews());
  }

  /** It is told once, until the portal gives blocks again. */
  #isBusyNews(): boolean {
    const { client, clock } = this.#options;
    if (this.#busyToldAt > client.gaveAt) return false;
    this.#busyToldAt = clock.monotonic();
    return true;
  }
}

/** What goes wrong until a portal gives what is wanted. */
export class PortalTrouble {
  readonly #wanted: BlockRange | null;
  readonly #options: PortalPatienceOptions;
  readonly #isBusyNews: () => boolean;
  readonly #counts: Record<PortalErrorClass, number> = {
    away: 0,
    busy: 0,
    malformed: 0,
    fork: 0,
    disproved: 0,
    refused: 0,
  };
  /** When the first request that failed was made. */
  #since: number | null = null;

  constructor(wanted: BlockRange | null, options: PortalPatienceOptions, isBusyNews: () => boolean) {
    this.#wanted = wanted;
    this.#options = options;
    this.#isBusyNews = isBusyNews;
  }

  /**
   * Waits until it is worth while to ask again. Throws PortalFailedError where it is not any more, and what is no
   * PortalError.
   */
  async bear(error: unknown, signal: AbortSignal): Promise<void> {
    if (!(error instanceof PortalError)) throw error;
    const { client, clock, health } = this.#options;
    health?.failed(error);
    const count = ++this.#counts[error.class];
    this.#since ??= clock.monotonic() - error.tookMs;
    const askedMs = error.retryAfterMs ?? backoffMs(count, backoff);
    const waitMs = Math.min(longestPauseMs, askedMs);
    const isBusy = error.class === 'busy';
    // Whoever is asked too often, or too much, wants to be left alone by all.
    if (isBusy) client.pause(waitMs);
    if (this.#isTooMuch(error, count, askedMs)) throw this.#failed(error);
    this.#tell(error, count, waitMs);
    if (!isBusy) await clock.sleep(waitMs, signal);
  }

  /** What only takes time is borne so often, and for so long: shorter where there are nodes, which need not wait for it. */
  #isTooMuch({ class: kind }: PortalError, count: number, askedMs: number): boolean {
    const { client, hasNodes } = this.#options;
    if (count > (kind === 'away' && !client.hasAnswered ? borneAtFirst : borne[kind])) return true;
    if (kind !== 'away' && kind !== 'busy') return false;
    if (!hasNodes) return this.#emptyMs >= aloneMs;
    return this.#emptyMs + askedMs > besideNodesMs || this.#failingMs + askedMs > besideAnswersMs;
  }

  #tell(error: PortalError, count: number, waitMs: number): void {
    const { client, logger } = this.#options;
    const wanted = this.#wanted;
    const isBusy = error.class === 'busy';
    const isNews = isBusy ? this.#emptyMs + waitMs > busyToldMs && this.#isBusyNews() : count === 1;
    const what = wanted === null ? 'tell its newest final block' : `give blocks ${wanted.from} to ${wanted.to}`;
    const message = `the portal ${client.host} does not ${what}, trying again: ${this.#told(error)}`;
    logger.log(isNews ? 'warn' : 'debug', message, { event: 'portal.retry', ...wanted });
  }

  /** For how long this has failed. */
  get #failingMs(): number {
    const { clock } = this.#options;
    return clock.monotonic() - (this.#since ?? clock.monotonic());
  }

  /** For how long it has, and the portal has given nobody any blocks. */
  get #emptyMs(): number {
    const { client, clock } = this.#options;
    return Math.min(this.#failingMs, clock.monotonic() - client.gaveAt);
  }

  /** Where nobody else is read meanwhile, a wish that is not kept to in full is told: who reads it may know a better time. */
  #told({ message, retryAfterMs = 0 }: PortalError): string {
    if (this.#options.hasNodes || retryAfterMs <= longestPauseMs) return message;
    return `${message} (it wants to be left alone for ${Math.ceil(retryAfterMs / 60_000)} min)`;
  }

  #failed(cause: PortalError): PortalFailedError {
    const { client } = this.#options;
    const isWrong = ['malformed', 'fork', 'disproved'].includes(cause.class);
    const what = isWrong ? 'is not to be believed' : "can't be used";
    return new PortalFailedError(`the portal ${client.host} ${what}: ${this.#told(cause)}`, {
      cause,
      hint: certificateHint(cause) ?? hintAt(cause),
    });
  }
}

function hintAt({ beginsAt }: PortalError): string {
  if (beginsAt !== undefined)
    return `set start_block: ${beginsAt} or higher, a factory's too, or an RPC URL by --rpc-url for what lies below`;
  return 'try again later, name another portal by --portal-url, or read from a node: set an RPC URL by --rpc-url, and history: rpc in the definition';
}
