import type { AuditedCall, AuditEntry } from '../../model/audit.js';
import type { Database } from '../database.js';
import { toInstant } from '../instant.js';

const table = 'audit_log';

/** The rows of `audit_log`: the calls of the API that change something, noted before they are done. */
export class AuditStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Notes a call that is about to be done; returns the entry's id. */
  async begin(call: AuditedCall): Promise<number> {
    const { knex, dialect } = this.#database;
    const row = { ...call, path: call.path.slice(0, 1_024), create_time: dialect.now(knex) };
    const [result] = await this.#database.write([knex(table).insert(row)]);
    return result?.insertId ?? 0;
  }

  /** Notes what became of a call. */
  async end(id: number, status: number): Promise<void> {
    await this.#database.write([this.#database.knex(table).where({ id }).update({ status })]);
  }

  /** Lists at most `limit` entries, newest first, those before the entry `before` where that is given. */
  async list({
    limit,
    before,
  }: {
    readonly limit: number;
    readonly before?: number | undefined;
  }): Promise<readonly AuditEntry[]> {
    const rows = await this.#database.read<Row[]>((knex) => {
      const query = knex(table).select('*').orderBy('id', 'desc').limit(limit);
      return before === undefined ? query : query.where('id', '<', before);
    });
    return rows.map(({ create_time: createTime, ...row }) => ({ ...row, createTime: toInstant(createTime) }));
  }
}

interface Row extends AuditedCall {
  readonly id: number;
  readonly create_time: string;
  readonly status: number | null;
}
