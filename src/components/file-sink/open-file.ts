import type { BlockRange } from '../../model/block.js';
import type { EventMessage } from '../../model/event-message.js';
import type { SinkContext, SinkCursor } from '../seam/sink.js';
import type { MadeFile } from './file-target.js';
import { WorkFile } from './work-file.js';
import type { MakeWriter } from './work-file.js';

/** Where files are made, and how. */
export interface Workshop {
  readonly workPath: () => string;
  readonly makeWriter: MakeWriter;
}

export interface OpenFileOptions {
  readonly range: BlockRange;
  /** Where the sink stood before the first message that is in it. */
  readonly since: SinkCursor | null;
  /** Monotonic, in milliseconds. */
  readonly openedAt: number;
}

/**
 * The file behind the complete ones: rows go to it as they come. Once they come in any other way than one behind the other it
 * only remembers its blocks, whose rows are read anew when it is finished.
 */
export class OpenFile {
  readonly #workshop: Workshop;
  readonly since: SinkCursor | null;
  readonly openedAt: number;
  #range: BlockRange;
  #work: WorkFile | undefined;
  readonly #waiting: EventMessage[] = [];
  #isStale = false;
  #isFixed = false;
  /** About so many bytes it has where no file of its own can be measured. */
  #unwritten = 0;
  #block = -1;
  #logIndex = -1;
  #seq = 0;

  constructor(workshop: Workshop, { range, since, openedAt }: OpenFileOptions) {
    this.#workshop = workshop;
    this.#range = range;
    this.since = since;
    this.openedAt = openedAt;
  }

  get range(): BlockRange {
    return this.#range;
  }

  /** The highest block of which it has been told. */
  get lastBlock(): number {
    return this.#block;
  }

  /** Its last block is settled: neither size nor time may set another. */
  get isFixed(): boolean {
    return this.#isFixed;
  }

  /** What has been written of it; while it only remembers its blocks, about what their rows take. */
  get bytes(): number {
    return this.#work?.bytes ?? this.#unwritten;
  }

  add(message: EventMessage): void {
    const { blockNumber, logIndex } = message.place;
    this.#seq = Math.max(this.#seq, message.rank);
    const isNext = blockNumber > this.#block || (blockNumber === this.#block && logIndex > this.#logIndex);
    if (message.op === 'remove' || !isNext) this.#isStale = true;
    if (isNext && message.op === 'insert') [this.#block, this.#logIndex] = [blockNumber, logIndex];
    if (!this.#isStale) this.#waiting.push(message);
    // What comes again after a failure is not counted again.
    else if (isNext && message.op === 'insert') this.#unwritten += message.data.text.length;
  }

  /** Writes what has been added. */
  async flush(): Promise<void> {
    if (this.#isStale) return this.spoil();
    if (this.#waiting.length === 0) return;
    this.#work ??= await WorkFile.begin(this.#workshop.workPath(), this.#workshop.makeWriter);
    await this.#work.add(this.#waiting.splice(0));
  }

  /** Has it end at a block, and at no other. */
  endAt(block: number): void {
    this.#range = { from: this.#range.from, to: block };
    this.#isFixed = true;
  }

  /** Finishes it; null where no row is in it. */
  async finish(context: SinkContext): Promise<MadeFile | null> {
    await this.flush();
    if (this.#isStale) return readAnew(this.#workshop, this.#range, context, this.#seq);
    const work = this.#work;
    return work === undefined
      ? null
      : { file: await work.finish(), rows: work.rows, lastBlock: this.#block, seq: this.#seq };
  }

  /** Drops what it has gathered: its rows are read anew in the end. */
  async spoil(): Promise<void> {
    this.#isStale = true;
    this.#unwritten += this.#work?.bytes ?? 0;
    this.#unwritten += this.#waiting.splice(0).reduce((length, { data }) => length + data.text.length, 0);
    await this.#work?.discard();
    this.#work = undefined;
  }
}

/** Makes a file of what blocks hold once the pass in hand is over; null where that is nothing. */
export async function readAnew(
  { workPath, makeWriter }: Workshop,
  range: BlockRange,
  context: SinkContext,
  leastSeq: number,
): Promise<MadeFile | null> {
  const work = await WorkFile.begin(workPath(), makeWriter);
  let [seq, lastBlock] = [leastSeq, 0];
  try {
    for await (const messages of context.inserts(range)) {
      context.signal.throwIfAborted();
      context.moved();
      seq = messages.reduce((highest, message) => Math.max(highest, message.rank), seq);
      lastBlock = messages.at(-1)?.place.blockNumber ?? lastBlock;
      await work.add(messages);
    }
    if (work.rows > 0) return { file: await work.finish(), rows: work.rows, lastBlock, seq };
  } catch (error) {
    await work.discard();
    throw error;
  }
  await work.discard();
  return null;
}
