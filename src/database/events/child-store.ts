import type { BlockRange } from '../../model/block.js';
import type { EarlyRows, FactoryChild, FoundChildren, KnownChildren } from '../../model/factory-child.js';
import type { Database, Query } from '../database.js';
import type { BulkInsert, InsertColumn, SqlValue, Statement } from '../script.js';
import { takeAwayRows } from './journal.js';
import type { NarrowRows } from './journal.js';
import { toBytes, toHex } from '../../runtime/hex-bytes.js';

type Step = Query | BulkInsert;

/** A child that goes, and since when it has rows that go with it. */
interface LeavingChild {
  readonly address: Buffer;
  readonly firstBlock: number;
}

/** What takes children away. */
interface LeavingChildren {
  /** Steps of `takeAwayRows`, for each child. */
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
    const leaving = await this.#leaving(pipelineId, block, below);
    const rows = leaving.flatMap(({ address, firstBlock }) => {
      const own: NarrowRows = (query) =>
        query.where('contract_address', address).whereBetween('block_number', [firstBlock, below.to]);
      return takeAwayRows(this.#database, pipelineId, own);
    });
    const firstBlocks = leaving.map(({ firstBlock }) => firstBlock);
    const fromBlock = firstBlocks.length === 0 ? undefined : Math.min(...firstBlocks);
    return { rows, steps: this.#goBack(pipelineId, block), fromBlock };
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

  #goBack(pipelineId: number, block: number): readonly Step[] {
    const { knex } = this.#database;
    const own = { pipeline_id: pipelineId };
    return [
      knex('factory_child').where(own).where('since', '>', block).delete(),
      knex('factory_child').where(own).where('earlier_to', '>', block).update({ earlier_to: block }),
      this.#forgetRead(pipelineId),
      knex('factory_scan').where(own).where('known_to', '>', block).update({ known_to: block }),
    ];
  }

  /** Of nested factories' levels only the last one is read: who goes as a factory alone leaves the rows. */
  async #leaving(pipelineId: number, block: number, { from, to }: BlockRange): Promise<readonly LeavingChild[]> {
    const rows = await this.#database.read<ChildRow[]>((knex) =>
      knex('factory_child as child')
        .where({ pipeline_id: pipelineId })
        .where('since', '>', block)
        .where((row) => void row.where('first_block', '<=', to).orWhere('since', '<=', to))
        .whereNotExists((inner) => {
          void inner
            .from('factory_child as inner_child')
            .where({ 'inner_child.pipeline_id': pipelineId })
            .where('inner_child.address', knex.ref('child.address'))
            .where('inner_child.level', '>', knex.ref('child.level'))
            .where('inner_child.since', '<=', block);
        }),
    );
    return rows.map(({ address, since, first_block: firstBlock }) => ({
      address,
      firstBlock: Math.max(from, Math.min(since, firstBlock ?? since)),
    }));
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
