import { pipeline } from 'node:stream';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Clock } from '../../runtime/clock.js';
import { messageOf } from '../../runtime/errors.js';
import { PortalError, malformed } from './portal-error.js';

/** How long a line may be, in bytes: one block's logs. */
const longestLine = 32 * 2 ** 20;
/** From which length on, and how much longer than all that was received, a line is what nobody packs but to harm. */
const suspectLine = 2 ** 20;
const mostPacked = 200;
/** How much is unpacked at a time. */
const chunkBytes = 256 * 2 ** 10;
interface PortalBodyOptions {
  readonly clock: Clock;
  /** How long the next bytes may take, in milliseconds. */
  readonly silenceMs: number;
  /** Returns how a text that is no block may be shown. */
  readonly told: (text: string) => string;
}

/** How much is told of what is no block, in bytes, before it is shortened. */
const mostTold = 2_000;

const newline = 0x0a;
const brace = 0x7b;

/**
 * The lines of an answer, unpacked as they are asked for: what is not asked for stays with whoever sends it. A line that
 * would fill the memory is refused.
 */
export class PortalBody {
  readonly #text: Readable;
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #told: (text: string) => string;
  readonly #chunks: AsyncIterator<Buffer>;
  /** How many bytes came over the wire; all that are wanted where they are not packed. */
  #received = 0;
  /** The beginning of a line whose end has not come yet. */
  #open: Buffer[] = [];
  #openBytes = 0;
  readonly #closed = new AbortController();
  /** Since when somebody waits for what comes next, by the monotonic clock; null while nobody does. */
  #waitingSince: number | null = null;
  #isSilent = false;

  private constructor(body: Readable, isPacked: boolean, { clock, silenceMs, told }: PortalBodyOptions) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
    this.#told = told;
    if (isPacked) body.on('data', (piece: Buffer) => (this.#received += piece.length));
    else this.#received = Number.POSITIVE_INFINITY;
    this.#text = isPacked ? pipeline(body, createGunzip({ chunkSize: chunkBytes }), () => undefined) : body;
    // Whoever reads it is told what goes wrong; perhaps nobody does any more.
    this.#text.on('error', () => undefined);
    this.#chunks = this.#text[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    void this.#watch();
  }

  /** Opens an answer's body; throws PortalError where it is packed in a way that was not asked for. */
  static open(body: Readable, encoding: string, options: PortalBodyOptions): PortalBody {
    if (encoding === 'gzip' || encoding === 'identity') return new PortalBody(body, encoding === 'gzip', options);
    body.destroy();
    throw malformed('the answer is packed in a way that was not asked for');
  }

  /** Returns the next whole lines, each with its end; null behind the last. Throws PortalError where they break off. */
  async next(signal: AbortSignal): Promise<Buffer | null> {
    for (;;) {
      const chunk = await this.#chunk(signal);
      if (chunk === null) return this.#rest();
      if (chunk.length === 0) continue;
      const end = chunk.lastIndexOf(newline) + 1;
      this.#check(chunk);
      if (end === 0) {
        this.#keep(chunk);
        continue;
      }
      const lines =
        this.#open.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...this.#open, chunk.subarray(0, end)]);
      this.#open = [];
      this.#openBytes = 0;
      if (end < chunk.length) this.#keep(chunk.subarray(end));
      return lines;
    }
  }

  /** Lets the connection go. May be called twice. */
  close(): void {
    this.#closed.abort();
    this.#text.destroy();
  }

  /** Whoever asked for the answer cuts it, too, when its request is given up. */
  async #chunk(signal: AbortSignal): Promise<Buffer | null> {
    const since = (this.#waitingSince = this.#clock.monotonic());
    try {
      const next = await this.#chunks.next();
      if (next.done !== true) return next.value;
      if (this.#isSilent) throw new Error('cut');
      this.close();
      return null;
    } catch (error) {
      signal.throwIfAborted();
      this.close();
      const reason = this.#isSilent
        ? `nothing came for ${this.#silenceMs / 1_000} s`
        : messageOf(error) || 'the connection was lost';
      const tookMs = this.#clock.monotonic() - since;
      throw new PortalError(`the answer broke off: ${reason}`, { class: 'away', tookMs, cause: error });
    } finally {
      this.#waitingSince = null;
    }
  }

  /** Cuts the answer where nothing comes for long while somebody waits. */
  async #watch(): Promise<void> {
    for (;;) {
      const waitedMs = this.#waitingSince === null ? 0 : this.#clock.monotonic() - this.#waitingSince;
      const leftMs = this.#silenceMs - waitedMs;
      if (leftMs <= 0) break;
      try {
        await this.#clock.sleep(leftMs, this.#closed.signal);
      } catch {
        return;
      }
    }
    this.#isSilent = true;
    this.close();
  }

  #keep(piece: Buffer): void {
    this.#open.push(piece);
    this.#openBytes += piece.length;
  }

  /** What comes unpacked from few bytes and never ends a line is no answer. */
  #check(chunk: Buffer): void {
    const first = this.#open[0] ?? chunk;
    const end = chunk.indexOf(newline);
    const length = this.#openBytes + (end < 0 ? chunk.length : end);
    const isBomb = length > suspectLine && length > mostPacked * this.#received;
    if (first[0] === brace && !isBomb && length <= longestLine) return;
    this.close();
    if (first[0] === brace) throw malformed('a line of the answer is too long');
    const text = Buffer.concat([...this.#open, chunk]).toString('utf8', 0, mostTold);
    throw malformed(`a line of the answer is no JSON object: ${this.#told(text)}`);
  }

  /** The last line need not end with a line feed. */
  #rest(): Buffer | null {
    if (this.#openBytes === 0) return null;
    const line = Buffer.concat([...this.#open, Buffer.from('\n')]);
    this.#open = [];
    this.#openBytes = 0;
    return line;
  }
}
