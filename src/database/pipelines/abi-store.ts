import type { AbiFragment } from '../../model/pipeline.js';
import { NotFoundError } from '../../runtime/errors.js';
import type { Database } from '../database.js';
import { toInstantOrNull } from '../instant.js';

/** An ABI that is stored for definitions to refer to as `abi_id:N`. */
export interface StoredAbi {
  readonly id: number;
  readonly name: string;
  readonly abi: readonly AbiFragment[];
  /** In the database's time zone, no suffix. */
  readonly createTime: string | null;
}

interface AbiRow {
  readonly id: number;
  readonly name: string;
  /** JSON. */
  readonly abi: string;
  readonly create_time: string | null;
}

/** Stored ABIs: the table `contract_abi`. */
export class AbiStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Stores an ABI and returns its id. */
  async add(name: string, abi: readonly AbiFragment[]): Promise<number> {
    const { knex, dialect } = this.#database;
    const [step] = await this.#database.write([
      knex('contract_abi').insert({ name, abi: JSON.stringify(abi), create_time: dialect.now(knex) }),
    ]);
    return step?.insertId ?? 0;
  }

  /** Lists all stored ABIs by id. */
  async list(): Promise<readonly StoredAbi[]> {
    const rows = await this.#database.read<AbiRow[]>((knex) => knex('contract_abi').select('*').orderBy('id'));
    return rows.map(toStoredAbi);
  }

  /** Returns a stored ABI; throws NotFoundError. */
  async get(id: number): Promise<StoredAbi> {
    const [row] = await this.#database.read<AbiRow[]>((knex) => knex('contract_abi').select('*').where({ id }));
    if (row === undefined) throw noSuchAbi(id);
    return toStoredAbi(row);
  }

  /** Removes a stored ABI; pipelines hold copies and go on. Throws NotFoundError. */
  async remove(id: number): Promise<void> {
    const { knex } = this.#database;
    const [step] = await this.#database.write([knex('contract_abi').where({ id }).delete()]);
    if (step?.matched === 0) throw noSuchAbi(id);
  }
}

function toStoredAbi(row: AbiRow): StoredAbi {
  const abi = JSON.parse(row.abi) as readonly AbiFragment[];
  return { id: row.id, name: row.name, abi, createTime: toInstantOrNull(row.create_time) };
}

function noSuchAbi(id: number): NotFoundError {
  return new NotFoundError(`there is no stored ABI ${id}`, { hint: 'chainparse abi list' });
}
