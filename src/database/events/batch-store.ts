import type { ChildrenMessage, EarlierBatch, EventBatch, RollbackMessage } from '../../model/batch.js';
import type { KnownChildren } from '../../model/factory-child.js';
import type { RunRequest } from '../../model/run-request.js';
import type { Holder, Progress } from '../../model/task.js';
import type { Database, Query } from '../database.js';
import { followOn, storedRequest } from '../task-steps/queue-task.js';
import { runningTask } from '../task-steps/running-task.js';
import { takeAway } from './change-rows.js';
import { ChildStore } from './child-store.js';
import { compareStored } from './compare-stored.js';
import { insertEvents, insertRecentBlocks, insertUndecoded } from './event-columns.js';
import type { RowOwner } from './event-columns.js';
import { EventStore } from './event-store.js';
import { countTakenBack, deleteRows, noteChange, takeAwayRows } from './journal.js';
import type { NarrowRows } from './journal.js';
import { pruneJournal } from './prune-journal.js';
import { StoredBlocks } from './stored-blocks.js';
import type { BulkInsert, TellSent, Statement } from '../script.js';
import { toBytes } from '../../runtime/hex-bytes.js';

/** Who commits, and from where: what the fences of a commit compare. */
export interface CommitGuard {
  readonly pipelineId: number;
  readonly taskId: number;
  /** The checkpoint's version that this commit builds on. */
  readonly version: number;
  /** What the task was asked for, of its first commit where it was to begin elsewhere than at the checkpoint: now it has. */
  readonly begins?: RunRequest | undefined;
}

export interface BatchCommit extends CommitGuard {
  readonly batch: EventBatch;
  readonly chainId: number;
  /** First block of the unbroken stretch that ends with this batch. */
  readonly startBlock: number;
  /** Rows may be stored for these blocks already: those that differ are replaced. */
  readonly replaces: boolean;
  /** The batch does not follow the checkpoint: what was remembered of the chain belongs to another stretch. */
  readonly forgets: boolean;
  readonly progress: Progress;
}

export interface RollbackCommit extends CommitGuard {
  readonly message: RollbackMessage;
  /** How many blocks are taken back. */
  readonly blocks: number;
  readonly progress: Progress;
}

export interface ChildrenCommit extends CommitGuard {
  readonly message: ChildrenMessage;
  readonly progress: Progress;
}

export interface EarlierCommit extends CommitGuard {
  readonly batch: EarlierBatch;
  readonly chainId: number;
  readonly progress: Progress;
}

/** What a batch has rows of. */
export type BatchRows = Pick<EventBatch, 'events' | 'undecoded'>;

/** Whose rows they are, and which version of the checkpoint adds them. */
export interface RowOrigin extends RowOwner {
  readonly added: number;
}

/** The rows of a batch, built before it is committed. */
export interface PreparedRows extends RowOrigin {
  readonly inserts: readonly BulkInsert[];
}

type Step = Query | Statement | BulkInsert;

/**
 * Commits what a source sends. Each commit is one transaction: renew the lease (no such row: the lease is lost), move the
 * checkpoint (another holder or version: the same), a row of the journal, and the batch's rows. Task first, then checkpoint,
 * as in a claim, so that the two can't wait for each other.
 */
export class BatchStore {
  readonly #database: Database;
  readonly #holder: Holder | null;
  readonly #children: ChildStore;

  /** `holder`: the process whose tasks commit; left out: whoever’s they are. */
  constructor(database: Database, holder: Holder | null = null) {
    this.#database = database;
    this.#holder = holder;
    this.#children = new ChildStore(database);
  }

  /** Returns the children of a factory that a pipeline knows; null where it knows none. */
  knownChildren(pipelineId: number): Promise<KnownChildren | null> {
    return this.#children.find(pipelineId);
  }

  /** Builds the rows of a batch that is to be committed soon, perhaps while another commit is in the air. */
  prepare(origin: RowOrigin, rows: BatchRows): PreparedRows {
    return { ...origin, inserts: toInserts(origin, rows).map((insert) => this.#database.prepare(insert)) };
  }

  /**
   * Commits a batch whole, with the rows that were built of it where they have its version; calls `sent` once it has left this
   * process. Throws FenceError, with nothing written, where the lease or the version is another.
   */
  async commit(commit: BatchCommit, prepared: PreparedRows | null = null, sent?: TellSent): Promise<void> {
    const { batch, chainId } = commit;
    const { fromBlock, toBlock } = batch;
    // What is stored can't change before this commit lands: whoever changes it takes the version that this one wants.
    const rows = commit.replaces ? await this.#replace(commit) : rowsOf(commit, prepared);
    const steps = [
      ...this.#guard(commit, commit.progress, {
        chain: chainId,
        start_block: commit.startBlock,
        block_number: toBlock,
        hash: toBytes(batch.toHash),
      }),
      noteChange(this.#database, { ...commit, kind: commit.replaces ? 'replace' : 'append', fromBlock, toBlock }),
      ...rows,
      ...this.#remember(commit),
      ...this.#childSteps(commit.pipelineId, batch),
    ];
    await this.#database.write(steps, sent);
  }

  /** Stores children that were found ahead. No row changes, so it takes no version; sent twice it does the same as once. */
  async keepChildren({ message, progress, ...guard }: ChildrenCommit): Promise<void> {
    const steps = this.#guard(guard, progress, {}, 0);
    await this.#database.write([...steps, ...this.#children.keep(guard.pipelineId, message)]);
  }

  /** Stores what earlier blocks hold of children, in place of what is there of them. Sent twice it does the same as once. */
  async commitEarlier({ batch, chainId, progress, ...guard }: EarlierCommit): Promise<void> {
    const { pipelineId } = guard;
    const { fromBlock, toBlock } = batch;
    const owner = { pipelineId, chainId };
    const range = { from: fromBlock, to: toBlock };
    const stored = new EventStore(this.#database);
    const { change } = await compareStored(stored, owner, range, batch, { contracts: batch.addresses });
    await this.#database.write([
      ...this.#guard(guard, progress, {}),
      // As a repair: whoever is not sure that it landed sends it again.
      noteChange(this.#database, { pipelineId, kind: 'repair', fromBlock, toBlock }),
      ...takeAway(this.#database, pipelineId, change),
      ...toInserts(
        { ...owner, added: guard.version + 1 },
        { events: change.events.comes, undecoded: change.undecoded.comes },
      ),
      ...this.#children.noteEarly(pipelineId, batch.early),
      ...this.#children.noteRead(pipelineId, toBlock),
    ]);
  }

  /** Takes back every row above the ancestor, and notes that it did; returns how many events there were. Throws FenceError as `commit` does. */
  async rollback(commit: RollbackCommit): Promise<number> {
    const { pipelineId, blocks } = commit;
    const { number, hash } = commit.message.ancestor;
    const { knex } = this.#database;
    const above: NarrowRows = (rows) => rows.where('block_number', '>', number);
    const { childrenUpTo = number, childRowsFrom = 0 } = commit.message;
    const rowsBelow = { from: childRowsFrom, to: number };
    const children = await this.#children.takeAbove(pipelineId, childrenUpTo, rowsBelow);
    const fromBlock = Math.min(number + 1, children.fromBlock ?? Number.POSITIVE_INFINITY);
    const before = [
      ...this.#guard(commit, commit.progress, { block_number: number, hash: toBytes(hash) }),
      noteChange(this.#database, { pipelineId, kind: 'rollback', fromBlock, toBlock: number + blocks }),
    ];
    const rows = [...takeAwayRows(this.#database, pipelineId, above), ...children.rows];
    const results = await this.#database.write([
      ...before,
      ...rows,
      deleteRows(this.#database, 'recent_block', pipelineId, above),
      ...children.steps,
      knex('reorg').insert({
        pipeline_id: pipelineId,
        task_id: commit.taskId,
        create_time: this.#database.dialect.now(knex),
        ancestor_block: number,
        blocks,
      }),
    ]);
    return countTakenBack(results.slice(before.length, before.length + rows.length)).events;
  }

  /** Forgets what nobody needs of a pipeline's journal, beside its commits; never throws. */
  async prune(pipelineId: number): Promise<void> {
    // What is wrong with the database is met by the next commit, which can tell somebody.
    await pruneJournal(this.#database, pipelineId).catch(() => undefined);
  }

  /** Returns the newest block for which a pipeline has rows; -1 where it has none. */
  async newestStoredBlock(pipelineId: number): Promise<number> {
    const newest = await new StoredBlocks(this.#database).newest(pipelineId, Number.MAX_SAFE_INTEGER);
    return newest?.number ?? -1;
  }

  #childSteps(pipelineId: number, { found, early = [] }: EventBatch): readonly Step[] {
    const kept = found === undefined ? [] : this.#children.keep(pipelineId, found);
    return [...kept, ...this.#children.noteEarly(pipelineId, early)];
  }

  #guard(guard: CommitGuard, progress: Progress, checkpoint: Record<string, unknown>, versions = 1): readonly Step[] {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    const { begins } = guard;
    const begun = begins === undefined ? {} : { run_options: storedRequest({ ...begins, begun: true }) };
    return [
      this.#database.fenced(
        runningTask(this.#database, this.#holder)
          .where({ id: guard.taskId })
          .update({ last_heartbeat: now, progress: JSON.stringify(progress), ...begun }),
      ),
      this.#database.fenced(
        knex('pipeline_checkpoint')
          .where({ pipeline_id: guard.pipelineId, task_id: guard.taskId, version: guard.version })
          .update({ ...checkpoint, version: guard.version + versions, update_time: now }),
      ),
      ...(begins === undefined ? [] : [followOn(this.#database, guard.pipelineId)]),
    ];
  }

  /** Only rows that differ go and come: who reads the journal must not be told of others. */
  async #replace(commit: BatchCommit): Promise<readonly Step[]> {
    const { batch, pipelineId } = commit;
    const range = { from: batch.fromBlock, to: batch.toBlock };
    const { change } = await compareStored(new EventStore(this.#database), commit, range, batch);
    const comes = { events: change.events.comes, undecoded: change.undecoded.comes };
    return [...takeAway(this.#database, pipelineId, change), ...toInserts(originOf(commit), comes)];
  }

  #remember(commit: BatchCommit): readonly Step[] {
    const { pipelineId, batch } = commit;
    const remembered = this.#database.knex('recent_block').where({ pipeline_id: pipelineId });
    const forget = commit.forgets ? remembered : remembered.where('block_number', '<=', batch.finalizedBlock);
    return [forget.delete(), ...insertRecentBlocks(pipelineId, batch.recentBlocks)];
  }
}

function originOf({ pipelineId, chainId, version }: BatchCommit): RowOrigin {
  return { pipelineId, chainId, added: version + 1 };
}

function rowsOf(commit: BatchCommit, prepared: PreparedRows | null): readonly BulkInsert[] {
  const origin = originOf(commit);
  const fits = prepared?.pipelineId === origin.pipelineId && prepared.chainId === origin.chainId;
  return fits && prepared.added === origin.added ? prepared.inserts : toInserts(origin, commit.batch);
}

function toInserts(origin: RowOrigin, { events, undecoded }: BatchRows): readonly BulkInsert[] {
  return [...insertEvents(origin, events, origin.added), ...insertUndecoded(origin, undecoded)];
}
