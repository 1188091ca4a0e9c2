import type { Clock } from '../../../runtime/clock.js';
import { isLate } from '../../../runtime/is-late.js';
import type { Logger } from '../../../runtime/logger.js';
import { Scope } from '../../../runtime/scope.js';
import { expire } from '../rpc/expire.js';
import type { JsonRpcEndpoint } from '../rpc/json-rpc.js';
import type { RpcError } from '../errors/rpc-error.js';
import { rpcFailureOf } from './rpc-failure.js';
import { readQuantity } from '../rpc/rpc-values.js';

interface ChainCheckOptions {
  /** The chain that is meant; undefined: whichever the endpoint serves. */
  readonly chainId: number | undefined;
  /** How long the answer may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Some endpoints close each connection: after so many questions in a row that came so soon, in milliseconds, one must be as old. */
const soonMs = 1_000;
const soonBorne = 3;
/** After so long without an answer it may be another node that stands there, though nobody saw it go, in milliseconds. */
const heardForMs = 30_000;
/** How long an endpoint of another chain, or another fork, is left alone, in milliseconds: somebody may mend a proxy's settings. */
const strangeForMs = 600_000;
export const putAsideText = `put aside for ${strangeForMs / 60_000} min`;
/** How often whoever has just answered is asked, at once again where it fails: all that it has answered waits for this. */
const mostTries = 3;
/** After so many answers it is known how long one takes; it is late after so many times as long, and a slower one counts bit by bit. */
const answersNeeded = 3;
const lateFactor = 2;
const tookGrowth = 1.5;

/** Knows whether an endpoint serves the chain that is meant: by asking it, once for all who want to know. */
export class ChainCheck {
  readonly #rpc: JsonRpcEndpoint;
  readonly #options: ChainCheckOptions;
  readonly #closing = new AbortController();
  /** When it told its chain, and until when that holds, by the monotonic clock. */
  #verifiedAt = Number.NEGATIVE_INFINITY;
  #holdsUntil = Number.NEGATIVE_INFINITY;
  /** How often in a row it came into doubt soon after it had told its chain. */
  #soon = 0;
  #heardAt = Number.NEGATIVE_INFINITY;
  /** How long it takes to tell its chain, in milliseconds; infinite where it never has. */
  #tookMs = Number.POSITIVE_INFINITY;
  #answers = 0;
  #doubts = 0;
  #found: number | null = null;
  #foundAt = 0;
  /** When it was found on another fork. */
  #strayedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<RpcError | null> | null = null;

  constructor(rpc: JsonRpcEndpoint, options: ChainCheckOptions) {
    this.#rpc = rpc;
    this.#options = options;
    rpc.onConnect(() => this.doubt());
  }

  /** How often there was reason to think that another node may have come. */
  get doubts(): number {
    return this.#doubts;
  }

  /** The id of another chain that the endpoint serves; null where it does not, as far as is known. */
  get strange(): number | null {
    return this.#found;
  }

  /** True where it was found on another fork of the chain, and is not to be asked again yet. */
  get isAstray(): boolean {
    return this.#options.clock.monotonic() - this.#strayedAt < strangeForMs;
  }

  /** True where the endpoint serves another chain, or another fork, and is not to be asked again yet. */
  get isPutAside(): boolean {
    const isStrange = this.#found !== null && this.#options.clock.monotonic() - this.#foundAt < strangeForMs;
    return isStrange || this.isAstray;
  }

  /** True where nobody has to ask before anything else is asked. */
  get isVerified(): boolean {
    const { chainId, clock } = this.#options;
    const now = clock.monotonic();
    return chainId === undefined || (now < this.#holdsUntil && now - this.#heardAt < heardForMs);
  }

  /** True where nothing speaks against it but that a connection was lost, or is new, since it told its chain. */
  get isDoubted(): boolean {
    const hasTold = Number.isFinite(this.#verifiedAt) && Number.isFinite(this.#holdsUntil);
    return !this.isVerified && hasTold && this.#found === null;
  }

  /** True while somebody asks. */
  get isAsked(): boolean {
    return this.#asking !== null;
  }

  /** The endpoint has answered something. */
  heard(): void {
    this.#heardAt = this.#options.clock.monotonic();
  }

  /** What comes back after a lost connection may be another node. */
  doubt(): void {
    this.#doubts++;
    const now = this.#options.clock.monotonic();
    if (this.#holdsUntil < Number.POSITIVE_INFINITY) return;
    this.#soon = now - this.#verifiedAt <= soonMs ? this.#soon + 1 : 0;
    this.#holdsUntil = this.#soon <= soonBorne ? now : this.#verifiedAt + soonMs;
  }

  /** Has it asked again before anything else is asked. */
  distrust(): void {
    this.#holdsUntil = Number.NEGATIVE_INFINITY;
  }

  /** It is on another fork than what was read. */
  stray(): void {
    this.#strayedAt = this.#options.clock.monotonic();
  }

  /** It may be asked again, whatever fork it was on. */
  readmit(): void {
    this.#strayedAt = Number.NEGATIVE_INFINITY;
  }

  /** Asks the endpoint, which may take a short time only; answers what went wrong, null where it told its chain. */
  ask(): Promise<RpcError | null> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = null));
    return this.#asking;
  }

  close(): void {
    this.#closing.abort(new Error('closed'));
  }

  async #ask(): Promise<RpcError | null> {
    const scope = new Scope(this.#closing.signal);
    void expire(scope, this.#rpc.host, this.#options);
    try {
      for (let tries = 1; ; tries++) {
        const failure = await this.#askOnce(scope.signal);
        if (failure === null || tries === mostTries || !this.#isThere || !failure.retryable) return failure;
      }
    } finally {
      scope.end();
    }
  }

  /** True where it has just answered something, which waits for what it says of its chain. */
  get #isThere(): boolean {
    return this.#options.clock.monotonic() - this.#heardAt < soonMs;
  }

  /** Asks a second time where the answer is late, by what it took before. */
  async #askOnce(signal: AbortSignal): Promise<RpcError | null> {
    const scope = new Scope(signal);
    const open = scope.signal;
    const first = this.#askForId(open);
    try {
      const isKnown = this.#isThere && this.#answers >= answersNeeded;
      const lateMs = isKnown ? lateFactor * this.#tookMs : Number.POSITIVE_INFINITY;
      if (!(await isLate(this.#options.clock, first, lateMs, open))) return await first;
      const second = this.#askForId(open);
      const failure = await Promise.race([first, second]);
      return failure === null || (await Promise.all([first, second])).includes(null) ? null : failure;
    } finally {
      scope.end();
    }
  }

  async #askForId(signal: AbortSignal): Promise<RpcError | null> {
    const since = this.#options.clock.monotonic();
    try {
      this.#learn(readQuantity(await this.#rpc.call('eth_chainId', [], signal), 'the chain id'));
      this.#answers++;
      this.#tookMs = Math.min(this.#options.clock.monotonic() - since, this.#tookMs * tookGrowth);
      return null;
    } catch (error) {
      return rpcFailureOf(error, this.#rpc.host);
    }
  }

  #learn(found: number): void {
    const { chainId, clock, logger } = this.#options;
    const { host } = this.#rpc;
    const isOurs = chainId === undefined || found === chainId;
    if (isOurs && this.#found !== null) {
      logger.log('info', `${host} serves chain ${found} now: it is asked again`, { event: 'rpc.right_chain', host });
    }
    if (!isOurs && this.#found !== found) {
      const message = `${host} serves chain ${found}, not chain ${chainId}: it is ${putAsideText}`;
      logger.log('error', message, { event: 'rpc.wrong_chain', host, chain_id: found });
    }
    this.#verifiedAt = clock.monotonic();
    this.#holdsUntil = isOurs ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    this.#found = isOurs ? null : found;
    this.#foundAt = clock.monotonic();
    this.heard();
  }
}
