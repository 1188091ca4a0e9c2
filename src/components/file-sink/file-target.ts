import type { BlockRange } from '../../model/block.js';
import type { PlannedFile, SinkFileOwner, SinkFileStore } from '../../database/sinks/sink-file-store.js';
import { ClaimedLaterError, hintIn, messageOf, RuntimeFailure } from '../../runtime/errors.js';
import { TargetLostError } from '../seam/delivery-errors.js';
import type { SinkContext, SinkCursor } from '../seam/sink.js';
import type { FileFormat } from './config.js';
import type { FileStore, ReadyFile } from './file-store.js';
import { emptyManifest, manifestText } from './manifest.js';
import type { Manifest, ManifestFile, ManifestOwner } from './manifest.js';
import { readOwnManifest } from './target-owner.js';
import { fileNameOf } from './spans.js';

export interface FileTargetParts {
  readonly store: FileStore;
  /** The pipeline's own database, where what is about to be written is noted first. */
  readonly plans: Pick<SinkFileStore, 'list' | 'plan' | 'check'>;
  readonly owner: ManifestOwner;
  readonly format: FileFormat;
}

/** A file with rows that is ready to get its name. */
export interface MadeFile {
  readonly file: ReadyFile;
  readonly rows: number;
  readonly lastBlock: number;
  readonly seq: number;
}

/** What a manifest says beside its files. */
export type ManifestState = Pick<Manifest, 'complete' | 'outdated'> & Pick<Manifest['state'], 'cursor' | 'ahead'>;

type FileCall = Pick<SinkContext, 'signal' | 'logger' | 'moved'>;

/** The files of a sink and their manifest, which alone says which of them count. */
export class FileTarget {
  readonly #parts: FileTargetParts;
  #claim: SinkFileOwner | undefined;
  /** Who has claimed a target of another life of the pipeline. */
  #stranger: SinkFileOwner | undefined;
  #manifest: Manifest;
  #planned: readonly PlannedFile[] = [];
  /** Somebody was told that files can't be removed. */
  #isTold = false;

  constructor(parts: FileTargetParts) {
    this.#parts = parts;
    this.#manifest = emptyManifest(parts.owner, { epoch: '', claim: 0 });
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  /**
   * Files that somebody was about to write and did not finish. They are written under the same names: a process that wakes up
   * late then finds its name taken, wherever files are made by it alone.
   */
  get unfinished(): readonly PlannedFile[] {
    return this.#unlisted.filter((planned) => planned.generation === this.#generationOf(planned.fromBlock));
  }

  get #unlisted(): readonly PlannedFile[] {
    const listed = new Set(this.#manifest.files.map(({ name }) => name));
    return this.#planned.filter(({ name }) => !listed.has(name));
  }

  /**
   * Takes the target over. One whose cursor is of another life of the pipeline is left as it is: whoever asked judges it.
   * Throws RuntimeFailure where the files are another sink's, ClaimedLaterError where a later holder has it.
   */
  async claim(by: Omit<SinkCursor, 'place'>, call: FileCall): Promise<Manifest> {
    const { signal } = call;
    const { store, plans, owner } = this.#parts;
    [this.#claim, this.#stranger] = [undefined, undefined];
    await store.prepare(by.claim);
    // Read before anything is touched, and again when nobody else can finish anything any more.
    await this.#read(signal, by);
    await store.clean();
    const claim = { pipelineId: owner.pipeline_id, sink: owner.sink, ...by };
    // Before the manifest: what is planned later is not to be compared with it.
    this.#planned = await plans.list(claim);
    this.#manifest = await this.#read(signal, by);
    if (this.#manifest.state.epoch !== by.epoch) {
      this.#stranger = claim;
      return this.#manifest;
    }
    const again = this.unfinished;
    const given = this.#unlisted.filter((planned) => !again.includes(planned)).map(({ name }) => name);
    this.#claim = claim;
    const superseded = [...new Set([...given, ...this.#manifest.state.superseded])];
    const state = { ...this.#manifest.state, ...by, superseded };
    await this.#save({ ...this.#manifest, state }, signal);
    // Behind that: a store that removes nothing must not keep the claim from being taken.
    await this.#removeSuperseded(call);
    return this.#manifest;
  }

  /** Throws TargetLostError, with nothing touched, where files were written and nothing is there. */
  async refuseLost(signal: AbortSignal): Promise<void> {
    const { store, plans, owner } = this.#parts;
    const written = await plans.list({ pipelineId: owner.pipeline_id, sink: owner.sink });
    if (written.length === 0 || (await readOwnManifest(store, owner, signal)) !== null) return;
    const what = `${store.label} holds nothing any more, though files were written: look whether its volume is mounted`;
    throw new TargetLostError(
      `${what}, or was emptied. Once they are back it goes on; a replay writes all of them anew`,
    );
  }

  /** Returns the files that are listed, and not there as they were written. */
  async missing(signal: AbortSignal): Promise<readonly ManifestFile[]> {
    const sizes = await this.#parts.store.sizes(signal);
    return this.#manifest.files.filter(({ name, bytes }) => sizes.get(name) !== bytes);
  }

  /** Makes a target of another life of the pipeline this one's; returns false where it is already. */
  adopt(): boolean {
    if (this.#stranger === undefined) return false;
    const { epoch, claim } = this.#stranger;
    [this.#claim, this.#stranger] = [this.#stranger, undefined];
    const files = this.#manifest.files.map((file) => ({ ...file, seq: 0 }));
    this.#manifest = { ...this.#manifest, files, state: { ...this.#manifest.state, epoch, claim, cursor: null } };
    return true;
  }

  /** Notes that a file is what its blocks hold, up to a number. */
  async confirm(confirmed: ManifestFile, seq: number, standing: ManifestState, signal: AbortSignal): Promise<void> {
    const files = this.#manifest.files.map((file) => (file === confirmed ? { ...file, seq } : file));
    await this.#save(this.#with(files, standing), signal);
  }

  /** Puts a file in the place of those that hold these blocks, null: of nothing; the manifest says so at once or not at all. */
  async publish(range: BlockRange, made: MadeFile | null, standing: ManifestState, call: FileCall): Promise<void> {
    const { signal } = call;
    const kept = this.#manifest.files.filter(
      ({ from_block: from, to_block: to }) => to < range.from || from > range.to,
    );
    const gone = this.#manifest.files.filter((file) => !kept.includes(file)).map(({ name }) => name);
    const added = made === null ? [] : [await this.#place(range, made, call)];
    const dropped = this.unfinished.filter(({ name }) => !added.some((file) => file.name === name));
    const { cursor, ahead, complete, outdated } = standing;
    const { named_block: named, generation } = this.#manifest.state;
    const superseded = [...this.#manifest.state.superseded, ...gone, ...dropped.map(({ name }) => name)];
    const state = {
      ...this.#manifest.state,
      // Where a folder was emptied, names begin anew: one of them may have waited for its removal.
      ...{ cursor, ahead, superseded: superseded.filter((name) => !added.some((file) => file.name === name)) },
      // No name is given twice: a removal that comes late must not meet another file.
      named_block: Math.max(named ?? 0, range.to, ...dropped.map(({ toBlock }) => toBlock)),
      generation: Math.max(generation, ...[...added, ...dropped].map((file) => file.generation)),
    };
    const files = [...kept, ...added].sort((a, b) => a.from_block - b.from_block);
    await this.#save({ ...this.#manifest, complete, outdated, files, state }, signal);
    await this.#removeSuperseded(call);
  }

  /** Notes where the sink stands, with the files as they are. */
  async note(standing: ManifestState, signal: AbortSignal): Promise<void> {
    await this.#save(this.#with(this.#manifest.files, standing), signal);
  }

  #with(files: ManifestFile[], { complete, outdated, cursor, ahead }: ManifestState): Manifest {
    return { ...this.#manifest, complete, outdated, files, state: { ...this.#manifest.state, cursor, ahead } };
  }

  async #read(signal: AbortSignal, by: Omit<SinkCursor, 'place'>): Promise<Manifest> {
    const { store, owner } = this.#parts;
    const manifest = await readOwnManifest(store, owner, signal);
    if (manifest === null || (manifest.state.cursor === null && manifest.files.length === 0))
      return emptyManifest(owner, by);
    const { epoch, claim } = manifest.state;
    if (epoch === by.epoch && claim > by.claim) {
      throw new ClaimedLaterError(`${store.label} is held by a later run of pipeline ${owner.pipeline_id}`, claim);
    }
    return manifest;
  }

  async #place(range: BlockRange, { file, ...made }: MadeFile, { signal, moved }: FileCall): Promise<ManifestFile> {
    const { store, plans, format } = this.#parts;
    const generation = this.#generationOf(range.from);
    const name = fileNameOf(range, generation, format);
    const planned = { name, fromBlock: range.from, toBlock: range.to, generation };
    const others = this.unfinished.filter((other) => other.name !== name);
    await plans.plan(this.#owner(), [planned, ...others]);
    this.#planned = [planned, ...others];
    signal.throwIfAborted();
    await store.put(name, file, signal, moved);
    const { bytes, sha256 } = file;
    const { rows, lastBlock, seq } = made;
    const blocks = { from_block: range.from, to_block: range.to };
    return { name, ...blocks, rows, bytes, sha256, generation, last_block: lastBlock, seq };
  }

  #generationOf(fromBlock: number): number {
    const { named_block: named, generation } = this.#manifest.state;
    return named === null || fromBlock > named ? 1 : generation + 1;
  }

  async #save(manifest: Manifest, signal: AbortSignal): Promise<void> {
    const owner = this.#owner();
    const { store, plans } = this.#parts;
    signal.throwIfAborted();
    await store.writeManifest(manifestText(manifest), () => plans.check(owner), signal);
    this.#manifest = manifest;
  }

  /** What can't be removed now is removed with the next file, or by the next run. */
  async #removeSuperseded(call: FileCall): Promise<void> {
    const superseded = await this.#removeAll(this.#manifest.state.superseded, call);
    // Somebody else may have gone on meanwhile; what has been removed may be so again.
    if (call.signal.aborted) return;
    this.#manifest = { ...this.#manifest, state: { ...this.#manifest.state, superseded } };
  }

  /**
   * Returns the names of those that were not removed: from the first that can't be on, which comes last the next time, for each may
   * take as long as a request does. Never throws: the manifest counts them no more, and whoever heard of a failure, which is told
   * once, would write again what it says by then.
   */
  async #removeAll(names: readonly string[], { signal, logger, moved }: FileCall): Promise<string[]> {
    const left = new Set(names);
    for (const name of left) {
      try {
        signal.throwIfAborted();
        await this.#parts.store.remove(name, signal);
      } catch (error) {
        if (!this.#isTold && !signal.aborted) logger.log('warn', this.#keeps(name, left.size, error));
        this.#isTold ||= !signal.aborted;
        left.delete(name);
        return [...left, name];
      }
      left.delete(name);
      moved();
    }
    this.#isTold = false;
    return [];
  }

  #keeps(name: string, files: number, reason: unknown): string {
    const [what, count] = files === 1 ? ['a file', 'counts'] : [`${files} files`, 'count'];
    const why = `${name}: ${messageOf(reason)}${hintIn(reason)}`;
    return `${this.#parts.owner.sink}: ${what} that ${count} no more can't be removed, which is tried again with the next one: ${why}`;
  }

  #owner(): SinkFileOwner {
    if (this.#claim !== undefined) return this.#claim;
    throw new RuntimeFailure(`${this.#parts.store.label} is not claimed`);
  }
}
