import type { Classification } from '../../model/classification.js';
import { ConflictError, NotFoundError } from '../../runtime/errors.js';
import type { Database, Query } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';
import { toInstantOrNull } from '../instant.js';

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
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    const insert = knex(table).insert({ name, parent_id: parentId, create_time: now, update_time: now });
    if (parentId === null) return (await this.#database.write([insert]))[0]?.insertId ?? 0;
    const results = await writeIfHeld(this.#database, [this.#database.fenced(this.#hold(parentId)), insert]);
    if (results === null) throw noSuch(parentId);
    return results[1]?.insertId ?? 0;
  }

  /** Renames a classification or hangs it elsewhere; throws NotFoundError, and ConflictError where it would lie in itself. */
  async change(id: number, { name, parentId }: Fields): Promise<void> {
    const { knex, dialect } = this.#database;
    const values = { name, parent_id: parentId, update_time: dialect.now(knex) };
    for (;;) {
      await this.get(id);
      const path = parentId === null ? [] : await this.#pathTo(parentId, id);
      const results = await writeIfHeld(this.#database, [
        // Whoever hangs one of them elsewhere, or deletes it, has done so by now, or waits.
        ...path.map((node) => this.#database.fenced(this.#hold(node.id, node.parentId))),
        knex(table).where({ id }).update(values),
      ]);
      if (results !== null) return;
    }
  }

  /** Deletes a classification; throws NotFoundError, and ConflictError where something is sorted into it. */
  async delete(id: number): Promise<void> {
    await this.get(id);
    const { knex } = this.#database;
    const results = await this.#database.write([
      // Whoever sorts another one into it has done so by now, or finds that it is gone.
      this.#hold(id),
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
    if (results[1]?.matched === 1) return;
    throw new ConflictError(`classification ${id} is not empty`, {
      hint: 'move or delete what is sorted into it first',
    });
  }

  /** A step that holds a classification until its transaction ends; it matches nothing where it is gone, or hangs elsewhere. */
  #hold(id: number, parentId?: number | null): Query {
    const { knex, dialect } = this.#database;
    const row = knex(table).where({ id });
    if (parentId !== undefined) void row.whereRaw(dialect.sameAs(knex, 'parent_id', parentId));
    return row.update({ id: knex.ref('id') });
  }

  /** Returns a classification and all that it lies in; throws NotFoundError where there is none, ConflictError where `id` is one of them. */
  async #pathTo(parentId: number, id: number): Promise<readonly Pick<Classification, 'id' | 'parentId'>[]> {
    const nodes = new Map((await this.list()).map((node) => [node.id, node]));
    if (!nodes.has(parentId)) throw noSuch(parentId);
    const path = new Set<Classification>();
    for (let node = nodes.get(parentId); node !== undefined && !path.has(node);) {
      if (node.id === id) throw new ConflictError(`classification ${id} can't lie in itself`);
      path.add(node);
      node = node.parentId === null ? undefined : nodes.get(node.parentId);
    }
    return [...path];
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
    createTime: toInstantOrNull(row.create_time),
    updateTime: toInstantOrNull(row.update_time),
  };
}

function noSuch(id: number): NotFoundError {
  return new NotFoundError(`there is no classification ${id}`);
}
