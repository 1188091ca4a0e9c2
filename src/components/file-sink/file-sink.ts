import { rm } from 'node:fs/promises';
import type { BlockRange } from '../../model/block.js';
import type { EventMessage } from '../../model/event-message.js';
import type { Clock } from '../../runtime/clock.js';
import type { Settled, Sink, SinkBatch, SinkContext, SinkCursor } from '../seam/sink.js';
import type { FileStore } from './file-store.js';
import type { FileTarget, MadeFile, ManifestState } from './file-target.js';
import { entriesOf, rangeOf } from './manifest.js';
import type { ManifestFile } from './manifest.js';
import { OpenFile, readAnew } from './open-file.js';
import type { Workshop } from './open-file.js';
import { stretchOf } from './spans.js';

/** When a file is finished and the next one begun. */
export interface Rotation {
  readonly blocks: number;
  readonly bytes: number;
  readonly afterMs: number | null;
}

export interface FileSinkParts {
  readonly target: FileTarget;
  readonly store: FileStore;
  readonly workshop: Workshop;
  readonly rotation: Rotation;
  readonly clock: Clock;
  /** Returns the first block of the pipeline's unbroken stretch; null where nothing was read, or the sink began later. */
  readonly firstBlock: () => Promise<number | null>;
}

/** Blocks whose file is to be written anew, and the highest number of a message that said so. */
interface Outdated {
  readonly range: BlockRange;
  readonly seq: number;
}

/**
 * Gathers rows into files of whole stretches of blocks. What it was told since the manifest's cursor comes again after a crash:
 * of blocks in complete files it is then known by its number. What changes in these is read anew and written as another file.
 */
export class FileSink implements Sink {
  readonly #parts: FileSinkParts;
  #open: OpenFile | null = null;
  /** Up to this block all is in files; -1: nothing is. */
  #covered = -1;
  #settled = -1;
  /** Behind what it was handed last. */
  #stand: SinkCursor | null = null;
  #first: number | null = null;
  readonly #outdated = new Map<number, Outdated>();
  #ahead: BlockRange[] = [];

  constructor(parts: FileSinkParts) {
    this.#parts = parts;
  }

  get keptBlock(): number | null {
    const written = this.#open === null ? Math.max(this.#covered, this.#settled) : this.#covered;
    // A file that is to be written anew holds blocks as they were.
    const kept = Math.min(written, ...[...this.#outdated.values()].map(({ range }) => range.from - 1));
    return kept < 0 ? null : kept;
  }

  get keptPlace(): string | null {
    return this.#parts.target.manifest.state.cursor?.place ?? null;
  }

  get isEmpty(): boolean {
    const { files, complete, state } = this.#parts.target.manifest;
    return files.length === 0 && complete === null && state.cursor === null;
  }

  async claim(claim: Omit<SinkCursor, 'place'>, context: SinkContext): Promise<SinkCursor | null> {
    const { signal, wasClaimed, mustHold } = context;
    await this.close();
    const { target } = this.#parts;
    if (mustHold === true) await target.refuseLost(signal);
    const { files, outdated, complete, state } = await target.claim(claim, context);
    // What is to be written anew need not be in a file yet.
    this.#covered = Math.max(-1, ...[...files.slice(-1), ...outdated, ...state.ahead].map(({ to_block: to }) => to));
    this.#settled = complete?.to_block ?? -1;
    this.#first = complete?.from_block ?? null;
    this.#ahead = state.ahead.map(rangeOf);
    this.#outdated.clear();
    for (const range of [...outdated.map(rangeOf), ...this.#ahead]) this.#outdate(range, 0);
    for (const { fromBlock: from, toBlock: to } of target.unfinished) {
      if (to <= this.#covered && isWhole(files, { from, to })) this.#outdate({ from, to }, 0);
    }
    for (const file of wasClaimed === true ? await target.missing(signal) : []) this.#outdate(rangeOf(file), 0);
    this.#stand = state.cursor;
    return state.cursor;
  }

  async deliver(batch: SinkBatch, context: SinkContext): Promise<void> {
    await this.#orSpoil(async () => {
      this.#adopt();
      for (const message of batch.messages) {
        if (this.#isFor(this.#open, message)) this.#open.add(message);
        else await this.#elsewhere(message, context);
      }
      await this.#open?.flush();
    });
    this.#stand = batch.after;
  }

  async settle({ block, cursor, ends }: Settled, context: SinkContext): Promise<void> {
    await this.#orSpoil(async () => {
      this.#adopt();
      this.#settled = block;
      await this.#finishRipe({ block, cursor, ends }, context);
      const at = this.#open === null ? { cursor, isLevel: true } : { cursor: this.#open.since, isLevel: false };
      for (const outdated of [...this.#outdated.values()]) {
        if (ends || block >= outdated.range.to) await this.#renew(outdated, at, context);
      }
      if (this.#open === null) await this.#note({ block, cursor, ends }, context);
    });
    this.#stand = cursor;
  }

  async close(): Promise<void> {
    await this.#open?.spoil();
    this.#open = null;
  }

  /** What was gathered and could not be written is read anew: the same messages come again, and must not be in it twice. */
  async #orSpoil(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.#open?.spoil();
      throw error;
    }
  }

  /** Of files of another life of the pipeline, which somebody wants to be this one's, none is believed. */
  #adopt(): void {
    const { target } = this.#parts;
    if (!target.adopt()) return;
    for (const file of target.manifest.files) this.#outdate(rangeOf(file), 0);
  }

  #isFor(open: OpenFile | null, { op, place: { blockNumber } }: EventMessage): open is OpenFile {
    if (open === null || blockNumber < open.range.from || blockNumber > open.range.to) return false;
    return op === 'remove' || blockNumber <= open.lastBlock || !this.#isLarge(open);
  }

  #isLarge(open: OpenFile): boolean {
    return !open.isFixed && open.bytes >= this.#parts.rotation.bytes;
  }

  #isLate(open: OpenFile): boolean {
    const { rotation, clock } = this.#parts;
    return !open.isFixed && rotation.afterMs !== null && clock.monotonic() - open.openedAt >= rotation.afterMs;
  }

  async #elsewhere(message: EventMessage, context: SinkContext): Promise<void> {
    const { blockNumber: block } = message.place;
    if (block <= this.#covered) {
      this.#recognise(message);
      return;
    }
    // Of what is in no file and in none that is made, nothing can be taken back.
    if (message.op === 'remove') return;
    if (this.#open !== null) {
      this.#open.endAt(Math.min(this.#open.range.to, block - 1));
      this.#settled = Math.max(this.#settled, this.#open.range.to);
      await this.#finish(this.#open, { cursor: this.#stand, isLevel: false }, context);
    }
    this.#open = await this.#begin(block);
    this.#open.add(message);
  }

  async #begin(block: number): Promise<OpenFile> {
    const { rotation, target, workshop, clock } = this.#parts;
    const stretch = stretchOf(block, rotation.blocks);
    const first = await this.#firstBlock(block);
    const from = Math.max(stretch.from, this.#covered + 1, first <= block ? first : 0);
    // What somebody was about to write gets the same name again.
    const planned = target.unfinished.find(({ fromBlock, toBlock }) => fromBlock === from && toBlock >= block);
    const range = { from, to: stretch.to };
    const open = new OpenFile(workshop, { range, since: this.#stand, openedAt: clock.monotonic() });
    if (planned !== undefined) open.endAt(planned.toBlock);
    this.#covered = from - 1;
    return open;
  }

  async #firstBlock(block: number): Promise<number> {
    const first = await this.#parts.firstBlock();
    this.#first = first ?? this.#first ?? block;
    return this.#first;
  }

  /** Notes that a complete file has changed, unless it knows of the message: then it only came again. */
  #recognise({ op, rank: seq, place: { blockNumber: block } }: EventMessage): void {
    const { files } = this.#parts.target.manifest;
    const index = lastIndexUpTo(files, block);
    const file = files[index];
    if (file !== undefined && block <= file.to_block) {
      // It may have been made when fewer blocks were final: behind its last row it knows of nothing.
      const isKnown = seq <= file.seq && (op === 'remove' || block <= file.last_block);
      if (!isKnown) this.#outdate(rangeOf(file), seq);
    } else if (op === 'insert') {
      this.#outdate(this.#gapAround(block, file, files[index + 1]), seq);
    }
  }

  /** The blocks around one that is in no file, for none of them had a row, as far as they make one file. */
  #gapAround(block: number, before: ManifestFile | undefined, behind: ManifestFile | undefined): BlockRange {
    const stretch = stretchOf(block, this.#parts.rotation.blocks);
    const to = Math.min(stretch.to, this.#covered, (behind?.from_block ?? Infinity) - 1);
    return { from: Math.max(stretch.from, (before?.to_block ?? -1) + 1), to };
  }

  #outdate(range: BlockRange, seq: number): void {
    const known = this.#outdated.get(range.from);
    this.#outdated.set(range.from, { range, seq: Math.max(seq, known?.seq ?? 0) });
  }

  async #finishRipe({ block, cursor, ends }: Settled, context: SinkContext): Promise<void> {
    const open = this.#open;
    if (open === null || block < open.lastBlock) return;
    if (block < open.range.to && (ends || this.#isLarge(open) || this.#isLate(open))) open.endAt(block);
    if (block >= open.range.to) await this.#finish(open, { cursor, isLevel: true }, context);
  }

  async #finish(open: OpenFile, at: Omit<Stand, 'to'>, context: SinkContext): Promise<void> {
    const { range } = open;
    const made = await open.finish(context);
    if (made !== null) await dropping(made, () => this.#publish(range, made, { ...at, to: range.to }, context));
    this.#covered = range.to;
    this.#open = null;
  }

  /** Writes the file of some blocks anew, unless it would say the same. */
  async #renew({ range, seq }: Outdated, at: Omit<Stand, 'to'>, context: SinkContext): Promise<void> {
    // Not the number that its file has: after a crash what is read may lie behind what that knew.
    const made = await readAnew(this.#parts.workshop, range, context, seq);
    await dropping(made, () => this.#replace(range, made, at, context));
  }

  async #replace(range: BlockRange, made: MadeFile | null, at: Omit<Stand, 'to'>, context: SinkContext): Promise<void> {
    const { target, store } = this.#parts;
    const files = target.manifest.files.filter((file) => file.from_block >= range.from && file.to_block <= range.to);
    const [file] = files;
    const isSame = made?.file.sha256 === file?.sha256 && files.length <= 1;
    const isThere = file === undefined || (isSame && (await store.holds(file.name, file.bytes, context.signal)));
    const isPlanned = target.unfinished.some(
      ({ fromBlock, toBlock }) => fromBlock === range.from && toBlock === range.to,
    );
    const stand = { ...at, to: this.#covered };
    if (!isSame || !isThere || isPlanned) return this.#publish(range, made, stand, context);
    if (made === null || file === undefined) this.#outdated.delete(range.from);
    // Told at once: what is known to be right is not compared again.
    else await this.#keep(range, stand, (standing) => target.confirm(file, made.seq, standing, context.signal));
  }

  #publish(range: BlockRange, made: MadeFile | null, stand: Stand, context: SinkContext): Promise<void> {
    return this.#keep(range, stand, (standing) => this.#parts.target.publish(range, made, standing, context));
  }

  /** Writes the manifest with what has become of some blocks. */
  async #keep(
    range: BlockRange,
    { cursor, isLevel, to }: Stand,
    write: (standing: ManifestState) => Promise<void>,
  ): Promise<void> {
    if (this.#first === null) await this.#firstBlock(range.from);
    const isMoved = (cursor?.place ?? null) !== this.keptPlace;
    const others = isMoved ? [] : this.#ahead.filter(({ from }) => from !== range.from);
    const ahead = isLevel ? [] : [...others, range];
    const outdated = [...this.#outdated.values()].filter((each) => each.range.from !== range.from);
    await write({ ...this.#standing(cursor, to, outdated), ahead: entriesOf(ahead) });
    this.#ahead = ahead;
    this.#outdated.delete(range.from);
  }

  /** Notes how far all is complete, where that has become clear with no file to write. */
  async #note({ block, cursor, ends }: Settled, { signal }: SinkContext): Promise<void> {
    const { target, rotation } = this.#parts;
    if (this.#first === null) await this.#firstBlock(block + 1);
    const covered = ends ? block : stretchOf(block + 1, rotation.blocks).from - 1;
    this.#covered = Math.max(this.#covered, covered);
    const { complete, outdated, state } = target.manifest;
    const standing = this.#standing(cursor, this.#covered, [...this.#outdated.values()]);
    const isKnown =
      complete?.to_block === standing.complete?.to_block &&
      outdated.length === standing.outdated.length &&
      state.ahead.length === 0 &&
      (!ends || state.cursor?.place === cursor.place);
    if (isKnown) return;
    await target.note({ ...standing, ahead: [] }, signal);
    this.#ahead = [];
  }

  #standing(cursor: SinkCursor | null, covered: number, outdated: readonly Outdated[]): Omit<ManifestState, 'ahead'> {
    // After a rewind less has been read than is in files.
    const to = Math.min(covered, this.#settled);
    const from = this.#first ?? 0;
    const complete = to < from ? null : { from_block: from, to_block: to };
    return { cursor, complete, outdated: entriesOf(outdated.map(({ range }) => range)) };
  }
}

/** Where a sink stands when it writes. */
interface Stand {
  readonly cursor: SinkCursor | null;
  /** The files are what was delivered at the cursor, not more. */
  readonly isLevel: boolean;
  /** Up to this block all is in files then. */
  readonly to: number;
}

/** Does something with a file that was made; whatever comes of it, nothing is left where it was made: the next try makes its own. */
async function dropping(made: MadeFile | null, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    if (made !== null) await rm(made.file.path, { force: true });
  }
}

/** Says whether a range is that of a file, or lies between files. */
function isWhole(files: readonly ManifestFile[], { from, to }: BlockRange): boolean {
  const touched = files.filter((file) => file.from_block <= to && file.to_block >= from);
  return touched.every((file) => file.from_block === from && file.to_block === to);
}

/** The position of the last file that begins at a block or before it; -1: there is none. */
function lastIndexUpTo(files: readonly ManifestFile[], block: number): number {
  let [low, high] = [0, files.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((files[middle] as ManifestFile).from_block <= block) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
