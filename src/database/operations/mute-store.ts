import type { Knex } from 'knex';
import type { AlertMute, MuteScope } from '../../model/alert-mute.js';
import type { Database } from '../database.js';
import { toInstant } from '../instant.js';

/** What is to be muted, and for how long. */
export interface NewMute extends MuteScope {
  readonly seconds: number;
  /** Who mutes it, as far as that is known. */
  readonly createdBy: string | null;
}

const table = 'alert_mute';

/** For how long a mute that is over is remembered, in seconds. */
const keptSeconds = 7 * 24 * 3_600;

/** The rows of `alert_mute`: which alerts are told to nobody for a while, on the database's clock. */
export class MuteStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Mutes what fits, in place of a mute of the same; returns it. Forgets those that are long over. */
  async add({ rule, subject, pipelineId, seconds, createdBy }: NewMute): Promise<AlertMute> {
    const { knex, dialect } = this.#database;
    const scope = { rule, subject, pipeline_id: pipelineId };
    const row = {
      ...scope,
      create_time: dialect.now(knex),
      until_time: dialect.secondsAgo(knex, -seconds),
      created_by: createdBy,
    };
    const results = await this.#database.write([
      knex(table).where(scope).delete(),
      knex(table)
        .whereRaw(dialect.isOlder(knex, 'until_time', keptSeconds))
        .delete(),
      knex(table).insert(row),
    ]);
    const id = results.at(-1)?.insertId ?? 0;
    const [added] = await this.#select((query) => query.where({ id }));
    // Another may have put one of the same in its place by then, or ended it.
    return added ?? { id, rule, subject, pipelineId, ...(await this.#span(seconds)), secondsLeft: seconds, createdBy };
  }

  /** Lists the mutes that hold, the one that ends first first. */
  async list(): Promise<readonly AlertMute[]> {
    const { knex, dialect } = this.#database;
    return this.#select((query) => query.whereRaw('until_time > ?', [dialect.now(knex)]).orderBy(['until_time', 'id']));
  }

  /** Ends mutes, those of a scope or all; returns how many held. */
  async end(scope: MuteScope | null): Promise<number> {
    const held = await this.list();
    const ids = held
      .filter(
        (mute) =>
          scope === null ||
          (mute.rule === scope.rule && mute.subject === scope.subject && mute.pipelineId === scope.pipelineId),
      )
      .map(({ id }) => id);
    if (ids.length === 0) return 0;
    const [result] = await this.#database.write([this.#database.knex(table).whereIn('id', ids).delete()]);
    return result?.matched ?? 0;
  }

  /** From now on for so many seconds. */
  async #span(seconds: number): Promise<Pick<AlertMute, 'createTime' | 'until'>> {
    const { dialect } = this.#database;
    const [span] = await this.#database.read<Pick<MuteRow, 'create_time' | 'until_time'>[]>((knex) =>
      knex.select({ create_time: dialect.now(knex), until_time: dialect.secondsAgo(knex, -seconds) }),
    );
    return { createTime: toInstant(span?.create_time ?? ''), until: toInstant(span?.until_time ?? '') };
  }

  async #select(narrow: (query: Knex.QueryBuilder) => Knex.QueryBuilder): Promise<readonly AlertMute[]> {
    const { dialect } = this.#database;
    const rows = await this.#database.read<MuteRow[]>((knex) =>
      narrow(knex(table).select('*', knex.raw('? AS age', [dialect.secondsSince(knex, 'until_time')]))),
    );
    return rows.map((row) => ({
      id: row.id,
      rule: row.rule,
      subject: row.subject,
      pipelineId: row.pipeline_id,
      createTime: toInstant(row.create_time),
      until: toInstant(row.until_time),
      secondsLeft: Math.max(0, -row.age),
      createdBy: row.created_by,
    }));
  }
}

interface MuteRow {
  readonly id: number;
  readonly rule: string | null;
  readonly subject: string | null;
  readonly pipeline_id: number | null;
  readonly create_time: string;
  readonly until_time: string;
  readonly created_by: string | null;
  readonly age: number;
}
