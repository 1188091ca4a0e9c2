import type { Classification } from '../../model/classification.js';
import { ConflictError, NotFoundError } from '../../runtime/errors.js';
import type { Database } from '../database.js';
import { shownTime } from './pipeline-rows.js';

const table = 'pipeline_classification';

type Fields = Pick<Classification, 'name' | 'parentId'>;

/** The rows of `pipeline_classification`: the tree that pipelines are sorted into. */
export class ClassificationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Lists at most `limit` classifications by id. */
  async list(limit = 10_000): Promise<readonly Classification[]> {
    const rows = await this.#database.read<Row[]>((knex) =>
      knex(table).select('id', 'parent_id', 'name', 'create_time', 'update_time').orderBy('id').limit(limit),
    );
    return rows.map(toClassification);
  }

  /** Returns a classification; throws NotFoundError. */
  async get(id: number): Promise<Classification> {
    const [row] = await this.#database.read<Row[]>((knex) =>
      knex(table).select('id', 'parent_id', 'name', 'create_time', 'update_time').where({ id }),
    );
    if (row === undefined) throw noSuch(id);
    return toClassification(row);
  }

  /** Adds a classification and returns its id; throws NotFoundError where its parent is none. */
  async add({ name, parentId }: Fields): Promise<number> {
    if (parentId !== null) await this.get(parentId);
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    const row = { name, parent_id: parentId, create_time: now, update_time: now };
    const [result] = await this.#database.write([knex(table).insert(row)]);
    return result?.insertId ?? 0;
  }

  /** Renames a classification or hangs it elsewhere; throws NotFoundError, and ConflictError where it would lie in itself. */
  async change(id: number, { name, parentId }: Fields): Promise<void> {
    await this.get(id);
    if (parentId !== null) await this.#refuseCircle(id, parentId);
    const { knex, dialect } = this.#database;
    const values = { name, parent_id: parentId, update_time: dialect.now(knex) };
    await this.#database.write([knex(table).where({ id }).update(values)]);
  }

  /** Deletes a classification; throws NotFoundError, and ConflictError where something is sorted into it. */
  async delete(id: number): Promise<void> {
    await this.get(id);
    const { knex } = this.#database;
    const [result] = await this.#database.write([
      knex(table)
        .where({ id })
        .whereNotIn('id', knex('pipeline').select('classification_id').whereNotNull('classification_id'))
        // MariaDB refuses to read the table that it deletes from, unless it has read it before.
        .whereNotIn(
          'id',
          knex.select('parent_id').from(knex(table).select('parent_id').whereNotNull('parent_id').as('parents')),
        )
        .delete(),
    ]);
    if (result?.matched === 1) return;
    throw new ConflictError(`classification ${id} is not empty`, {
      hint: 'move or delete what is sorted into it first',
    });
  }

  async #refuseCircle(id: number, parentId: number): Promise<void> {
    const parents = new Map((await this.list()).map((node) => [node.id, node.parentId]));
    if (!parents.has(parentId)) throw noSuch(parentId);
    const seen = new Set<number>();
    for (let at: number | null = parentId; at !== null && !seen.has(at); at = parents.get(at) ?? null) {
      if (at === id) throw new ConflictError(`classification ${id} can't lie in itself`);
      seen.add(at);
    }
  }
}

interface Row {
  readonly id: number;
  readonly parent_id: number | null;
  readonly name: string | null;
  readonly create_time: string | null;
  readonly update_time: string | null;
}

function toClassification(row: Row): Classification {
  return {
    id: row.id,
    parentId: row.parent_id,
    name: row.name ?? '',
    createTime: shownTime(row.create_time),
    updateTime: shownTime(row.update_time),
  };
}

function noSuch(id: number): NotFoundError {
  return new NotFoundError(`there is no classification ${id}`);
}
