import type { Knex } from 'knex';
import type { Database, Query } from '../database.js';
import type { BulkInsert } from '../script.js';
import type { FactoryChild, KnownChildren } from '../../model/factory-child.js';
import { takeAway } from './change-rows.js';
import { ChildStore } from './child-store.js';
import type { BlockChange } from './compare-stored.js';
import { insertEvents, insertUndecoded } from './event-columns.js';
import { noteChange, versionOf } from './journal.js';
import { keptCommits } from './prune-journal.js';
import { toBytes } from '../../runtime/hex-bytes.js';

/** A look at a block and its rows, from which others have gone on since. */
export interface BlockLook {
  readonly pipelineId: number;
  readonly chainId: number;
  /** The block that was looked at; the checkpoint must not lie below it. */
  readonly block: number;
  /** The block's hash (0x-hex) as it was read. */
  readonly hash: string;
  /** The checkpoint's version before the block was read. */
  readonly version: number;
  /** The chain can't replace the block any more. */
  readonly isSettled: boolean;
}

export interface Repair extends BlockLook {
  /** What puts the block's rows right. */
  readonly change: BlockChange;
}

export interface ChildrenRepair extends Pick<Repair, 'pipelineId' | 'chainId' | 'version'> {
  /** What the stored children were known to be of, and up to where, when they were compared. */
  readonly known: Pick<KnownChildren, 'definition' | 'knownTo'>;
  /** Children that are not stored, each with the blocks that are to be read for it. */
  readonly missing: readonly FactoryChild[];
  readonly extra: readonly FactoryChild[];
}

/** Marks the rows of a repair until they have its version, which no row has that is stored. */
const unversioned = 0;

/** Puts rows of blocks that have been read right, beside a run that goes on. */
export class RepairStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Replaces the rows of a block that are not right, in one transaction, under a version of its own, which the run that holds
   * the pipeline goes on from. Throws FenceError, with nothing written, where the look at the block does not hold any more.
   */
  async replace(repair: Repair): Promise<void> {
    const { knex, dialect } = this.#database;
    const { pipelineId, block, change } = repair;
    const checkpoint = this.#unchanged(repair)
      .update({ update_time: dialect.now(knex) })
      .increment('version', 1);
    await this.#database.write([
      this.#lock(pipelineId),
      this.#database.fenced(checkpoint),
      noteChange(this.#database, { pipelineId, kind: 'repair', fromBlock: block, toBlock: block }),
      ...takeAway(this.#database, pipelineId, change),
      ...this.#bring(repair, block, change),
    ]);
  }

  /** Says whether what was seen of a block and its rows is so still, whatever has been committed of others since. */
  async holds(look: BlockLook): Promise<boolean> {
    const found = await this.#database.read<unknown[]>(() => this.#unchanged(look).select('version'));
    return found.length > 0;
  }

  /** Says whether a block that was looked at is the one that the run has read, as far as it remembers that. */
  async isRead(look: BlockLook): Promise<boolean> {
    const found = await this.#database.read<unknown[]>(() => this.#ofSameBlock(look).select('version'));
    return found.length > 0;
  }

  /**
   * Puts the children of a factory right, and takes away the rows of those that are none. A run that holds the pipeline finds
   * that its checkpoint has moved, and begins anew with these. Throws FenceError where the version is another, or more, or less, is
   * known of the children by now.
   */
  async replaceChildren({ pipelineId, chainId, version, known, missing, extra }: ChildrenRepair): Promise<void> {
    const { knex, dialect } = this.#database;
    const next = knex('pipeline_checkpoint')
      .where({ pipeline_id: pipelineId, chain: chainId, version })
      .update({ update_time: dialect.now(knex), version: version + 1 });
    const toBlock = Number.MAX_SAFE_INTEGER;
    await this.#database.write([
      this.#database.fenced(next),
      noteChange(this.#database, { pipelineId, kind: 'replace', fromBlock: 0, toBlock }),
      ...new ChildStore(this.#database).replace(pipelineId, known, missing, extra),
    ]);
  }

  /**
   * The checkpoint, where no commit since a look can have changed the block's rows: there was none, or none that the journal
   * tells reaches down to it. A block that may be replaced must then be the one that the run remembers: it would take back
   * its rows before it read another.
   */
  #unchanged(look: BlockLook): Knex.QueryBuilder {
    const { pipelineId, block, version, isSettled } = look;
    const { knex } = this.#database;
    const remembered = knex('recent_block').where({ pipeline_id: pipelineId, block_number: block });
    const since = knex('pipeline_commit')
      .select('version')
      .where({ pipeline_id: pipelineId })
      .where('version', '>', version)
      .where('from_block', '<=', block);
    return this.#ofSameBlock(look)
      .where('block_number', '>=', block)
      .where((either) => {
        void either.where({ version }).orWhere((others) => {
          // More commits than that may have been forgotten.
          void others.whereBetween('version', [version, version + keptCommits - 1]).whereNotExists(since);
          if (!isSettled) void others.whereExists(remembered.select('block_number'));
        });
      });
  }

  /**
   * The checkpoint, where the run is not known to have read another block than was looked at: its rows are that one's, until the
   * run takes it back. What was final when it was read is not remembered.
   */
  #ofSameBlock({ pipelineId, chainId, block, hash }: BlockLook): Knex.QueryBuilder {
    const { knex } = this.#database;
    const looked = toBytes(hash);
    const another = knex('recent_block')
      .select('block_number')
      .where({ pipeline_id: pipelineId, block_number: block })
      .whereNot({ block_hash: looked });
    return knex('pipeline_checkpoint')
      .where({ pipeline_id: pipelineId, chain: chainId })
      .whereNotExists(another)
      .where((either) => {
        void either.whereNot({ block_number: block }).orWhereNull('hash').orWhere({ hash: looked });
      });
  }

  /**
   * A fence that waits for a lock would see the checkpoint as it is then, and the journal as it was before: it comes in a
   * statement of its own, once nobody else can commit.
   */
  #lock(pipelineId: number): Query {
    const { knex } = this.#database;
    return knex('pipeline_checkpoint')
      .where({ pipeline_id: pipelineId })
      .update({ version: knex.ref('version') });
  }

  /** Which version it is only the server knows: other blocks may be committed at the same time. */
  #bring(owner: Pick<Repair, 'pipelineId' | 'chainId'>, block: number, { events, undecoded }: BlockChange): Step[] {
    const { knex } = this.#database;
    const added = { pipeline_id: owner.pipelineId, block_number: block, added: unversioned };
    return [
      ...insertEvents(owner, events.comes, unversioned),
      knex('event')
        .where(added)
        .update({ added: versionOf(knex, owner.pipelineId) }),
      ...insertUndecoded(owner, undecoded.comes),
    ];
  }
}

type Step = Query | BulkInsert;
