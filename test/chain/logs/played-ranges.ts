import type { LogPrefetcherOptions } from '../../../src/chain/logs/log-prefetcher.js';
import type { FetchedRange, RangeCall } from '../../../src/chain/blocks/range-reader.js';
import type { BlockRange } from '../../../src/model/block.js';
import type { Call } from '../../../src/runtime/call.js';
import { settle } from '../../support/fake-clock.js';

type Source = LogPrefetcherOptions['source'];

/** A request that has not been answered. */
export interface PendingRange extends BlockRange {
  readonly signal: AbortSignal;
  /** Says that it leaves, and asks for so many blocks at most. */
  begin(blocks: number): void;
  /** Says that its logs have come, and how long the answer was, while something else is yet to come. */
  tellLogs(bytes?: number): Promise<void>;
  /** Answers it, with fewer blocks than it asks for where `to` says so. */
  answer(bytes?: number, to?: number): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** Stands for a LogSource whose every answer the test gives; each block has `bytesPerBlock` unless it says otherwise. */
export class PlayedRanges implements Source {
  asksLate = false;
  isProven = true;
  givesFew = false;
  room = 64;
  /** How many blocks a request asks for. */
  size = 10;
  bytesPerBlock = 1;
  /** The block that is told to be the child of another one than the one before. */
  strange: number | undefined;
  /** The block that is to be asked for by itself. */
  first: number | undefined;
  unlinkedRanges = 0;
  readonly asked: string[] = [];
  pending: PendingRange[] = [];

  firstOf({ from }: BlockRange): BlockRange | null {
    return from === this.first ? { from, to: from } : null;
  }

  headOf({ from, to }: BlockRange): BlockRange {
    return { from, to: Math.min(to, from + this.size - 1) };
  }

  fetch(
    range: BlockRange,
    { moved, begun, told, signal }: Call & Pick<RangeCall, 'begun' | 'told'>,
  ): Promise<FetchedRange> {
    let { from, to } = range;
    this.asked.push(`${from}-${to}`);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      const end = async (done: () => Promise<void>): Promise<void> => {
        this.pending = this.pending.filter((other) => other !== request);
        await done().catch(reject);
        await settle();
      };
      const request: PendingRange = {
        get from() {
          return from;
        },
        get to() {
          return to;
        },
        signal,
        begin: (blocks) => {
          from = range.from;
          to = Math.min(range.to, from + blocks - 1);
          begun?.({ from, to });
        },
        answer: (bytes = (to - from + 1) * this.bytesPerBlock, end_ = to) =>
          end(async () => {
            await moved();
            const fetched = fetchedRange({ from, to: end_ }, bytes);
            const [last] = fetched.headers;
            const isStrange = last?.number === this.strange;
            resolve(isStrange ? { ...fetched, headers: [{ ...fetched.last, parentHash: '0x' }] } : fetched);
          }),
        tellLogs: (bytes) => {
          if (bytes !== undefined) told?.({ from, to }, bytes);
          return moved();
        },
        fail: (error) => end(() => Promise.reject(error)),
      };
      this.pending.push(request);
    });
  }

  unlinked(): void {
    this.unlinkedRanges++;
  }

  /** The first blocks of what is in flight. */
  get inFlight(): number[] {
    return this.pending.filter(({ signal }) => !signal.aborted).map(({ from }) => from);
  }

  /** Has the logs come of the request that begins with a block. */
  async tellLogs(from: number, bytes?: number): Promise<void> {
    await this.pending.find((each) => each.from === from)?.tellLogs(bytes);
    await settle();
  }

  /** Answers the request that begins with a block. */
  async answer(from: number, bytes?: number, to?: number): Promise<void> {
    const request = this.pending.find((each) => each.from === from);
    if (request === undefined) throw new Error(`block ${from} was not asked for`);
    await request.answer(bytes, to);
  }
}

function fetchedRange({ from, to }: BlockRange, bytes: number): FetchedRange {
  const [parentHash, hash] = [to - 1, to].map((number) => `0x${number.toString(16).padStart(64, '0')}`) as [
    string,
    string,
  ];
  const last = { number: to, hash, parentHash, timestamp: to, logsBloom: undefined };
  return { from, to, logs: [], last, headers: [last], timestamps: new Map(), bytes };
}
