import type { Knex } from 'knex';
import type { BlockRange } from '../../model/block.js';
import type { EarlyRows, FactoryChild, FoundChildren, KnownChildren } from '../../model/factory-child.js';
import type { Database, Query } from '../database.js';
import type { BulkInsert, InsertColumn, SqlValue, Statement } from '../script.js';
import { takeAwayRows } from './journal.js';
import type { NarrowRows } from './journal.js';
import { toBytes, toHex } from '../../runtime/hex-bytes.js';

type Step = Query | BulkInsert;

/** The first block of which a child may have rows: that of its announcement, where it has none of earlier ones. */
const firstRowSql = 'CASE WHEN child.first_block < child.since THEN child.first_block ELSE child.since END';

/** What takes children away. */
interface LeavingChildren {
  /** Steps of `takeAwayRows`; none where they have no rows. */
  readonly rows: readonly Step[];
  readonly steps: readonly Step[];
  /** The first block of which rows go; undefined where none do. */
  readonly fromBlock: number | undefined;
}

/** The children of a pipeline's factory, and how far announcements are known. Whoever changes them does so in a commit of rows. */
export class ChildStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns what a pipeline knows; null where it has no factory, or has not begun to look. */
  async find(pipelineId: number): Promise<KnownChildren | null> {
    const [scan] = await this.#database.read<ScanRow[]>((knex) =>
      knex('factory_scan').where({ pipeline_id: pipelineId }),
    );
    if (scan === undefined) return null;
    const rows = await this.#database.read<ChildRow[]>((knex) =>
      knex('factory_child').where({ pipeline_id: pipelineId }).orderBy(['since', 'address']),
    );
    return { definition: scan.definition, knownTo: scan.known_to, children: rows.map(toChild) };
  }

  /** Returns the children of a factory, told by its definition, that were announced above a block. */
  async announcedAbove(pipelineId: number, definition: string, block: number): Promise<readonly FactoryChild[]> {
    const rows = await this.#database.read<ChildRow[]>((knex) =>
      knex('factory_child')
        .where({ pipeline_id: pipelineId })
        .where('since', '>', block)
        .whereExists(knex('factory_scan').select('pipeline_id').where({ pipeline_id: pipelineId, definition })),
    );
    return rows.map(toChild);
  }

  /** Returns the steps that store what was found; done twice they do the same as once. */
  keep(pipelineId: number, { definition, knownFrom, knownTo, children }: FoundChildren): readonly Step[] {
    const { knex } = this.#database;
    const known = knex('factory_child').where({ pipeline_id: pipelineId });
    return [
      known.where('since', '>', knownFrom).delete(),
      ...insertChildren(pipelineId, children),
      knex('factory_scan').where({ pipeline_id: pipelineId }).delete(),
      knex('factory_scan').insert({ pipeline_id: pipelineId, definition, known_to: knownTo }),
    ];
  }

  /** Returns the steps that note from where on children have rows of blocks below their announcement. */
  noteEarly(pipelineId: number, early: readonly EarlyRows[]): readonly Step[] {
    return early.map(({ address, firstBlock }) =>
      this.#database
        .knex('factory_child')
        .where({ pipeline_id: pipelineId, address: toBytes(address) })
        .where((row) => void row.whereNull('first_block').orWhere('first_block', '>', firstBlock))
        .update({ first_block: firstBlock }),
    );
  }

  /** Returns the steps that note that earlier blocks have been read up to one, for all children that wanted them. */
  noteRead(pipelineId: number, toBlock: number): readonly Step[] {
    const { knex } = this.#database;
    return [
      knex('factory_child')
        .where({ pipeline_id: pipelineId })
        .where('earlier_from', '<=', toBlock)
        .update({ earlier_from: toBlock + 1 }),
      this.#forgetRead(pipelineId),
    ];
  }

  /**
   * Returns the steps that take away the children announced above a block, with their rows of the blocks `below`: whoever uses them
   * takes away all rows above these.
   */
  async takeAbove(pipelineId: number, block: number, below: BlockRange): Promise<LeavingChildren> {
    const [found] = await this.#database.read<{ readonly first_row: number | null }[]>((knex) =>
      this.#leaving(pipelineId, block).select(knex.raw(`MIN(${firstRowSql}) AS first_row`)),
    );
    const firstRow = found?.first_row ?? Number.POSITIVE_INFINITY;
    const steps = this.#goBack(pipelineId, block, below.to);
    const from = Math.max(below.from, firstRow);
    if (from > below.to) return { rows: [], steps, fromBlock: undefined };
    const own: NarrowRows = (query) => {
      const ofRow = this.#leaving(pipelineId, block).whereRaw(
        `child.address = contract_address AND block_number >= ${firstRowSql}`,
      );
      return query.whereBetween('block_number', [from, below.to]).whereExists(ofRow.select('child.address'));
    };
    return { rows: takeAwayRows(this.#database, pipelineId, own), steps, fromBlock: from };
  }

  /**
   * Returns the steps that add children, and take others away with all their rows, unless they stay on a later level of nested
   * factories: only the last one is read. The first step is a fence: what is known up to now must be what these were compared with.
   */
  replace(
    pipelineId: number,
    { definition, knownTo }: Pick<KnownChildren, 'definition' | 'knownTo'>,
    missing: readonly FactoryChild[],
    extra: readonly FactoryChild[],
  ): readonly (Step | Statement)[] {
    const { knex } = this.#database;
    const scan = knex('factory_scan').where({ pipeline_id: pipelineId, definition, known_to: knownTo });
    const gone = extra.map(({ level, address }) =>
      knex('factory_child')
        .where({ pipeline_id: pipelineId, level, address: toBytes(address) })
        .delete(),
    );
    const rows = extra.flatMap(({ level, address }) => {
      const contract = toBytes(address);
      const staying = knex('factory_child')
        .select('pipeline_id')
        .where({ pipeline_id: pipelineId, address: contract })
        .where('level', '>', level);
      const own: NarrowRows = (query) => query.where('contract_address', contract).whereNotExists(staying.clone());
      return takeAwayRows(this.#database, pipelineId, own);
    });
    const early = missing.flatMap(({ address, earlier }) =>
      earlier === null ? [] : [{ address, firstBlock: earlier.from }],
    );
    return [
      this.#database.fenced(scan.update({ known_to: knownTo })),
      ...gone,
      ...insertChildren(pipelineId, missing),
      ...rows,
      ...this.noteEarly(pipelineId, early),
    ];
  }

  /** Blocks up to `rowsUpTo` stay read: of children that stay what is yet to be read of them is still to be read. */
  #goBack(pipelineId: number, block: number, rowsUpTo: number): readonly Step[] {
    const { knex } = this.#database;
    const own = { pipeline_id: pipelineId };
    return [
      knex('factory_child').where(own).where('since', '>', block).delete(),
      knex('factory_child').where(own).where('earlier_to', '>', rowsUpTo).update({ earlier_to: rowsUpTo }),
      this.#forgetRead(pipelineId),
      knex('factory_scan').where(own).where('known_to', '>', block).update({ known_to: block }),
    ];
  }

  /** Finds, as `child`, those that go. Of nested factories' levels only the last one is read: who goes as a factory alone leaves the rows. */
  #leaving(pipelineId: number, block: number): Knex.QueryBuilder {
    const { knex } = this.#database;
    return knex('factory_child as child')
      .where({ 'child.pipeline_id': pipelineId })
      .where('child.since', '>', block)
      .whereNotExists((inner) => {
        void inner
          .from('factory_child as inner_child')
          .where({ 'inner_child.pipeline_id': pipelineId })
          .where('inner_child.address', knex.ref('child.address'))
          .where('inner_child.level', '>', knex.ref('child.level'))
          .where('inner_child.since', '<=', block);
      });
  }

  #forgetRead(pipelineId: number): Step {
    const { knex } = this.#database;
    return knex('factory_child')
      .where({ pipeline_id: pipelineId })
      .where('earlier_from', '>', knex.ref('earlier_to'))
      .update({ earlier_from: null, earlier_to: null });
  }
}

interface ScanRow {
  readonly definition: string;
  readonly known_to: number;
}

interface ChildRow {
  readonly level: number;
  readonly address: Buffer;
  readonly since: number;
  readonly earlier_from: number | null;
  readonly earlier_to: number | null;
  readonly first_block: number | null;
}

function toChild({ level, address, since, earlier_from: from, earlier_to: to }: ChildRow): FactoryChild {
  const earlier = from === null || to === null ? null : { from, to };
  return { level, address: toHex(address), since, earlier };
}

function insertChildren(pipelineId: number, children: readonly FactoryChild[]): readonly BulkInsert[] {
  if (children.length === 0) return [];
  const column = (name: string, toValue: (child: FactoryChild) => SqlValue): InsertColumn => ({
    name,
    values: children.map(toValue),
  });
  const columns = [
    column('pipeline_id', () => pipelineId),
    column('level', ({ level }) => level),
    { ...column('address', ({ address }) => address), hex: true },
    column('since', ({ since }) => since),
    column('earlier_from', ({ earlier }) => earlier?.from ?? null),
    column('earlier_to', ({ earlier }) => earlier?.to ?? null),
  ];
  return [{ table: 'factory_child', columns, count: children.length }];
}
