import type { Database, Query } from '../database.js';
import { deletePipeline } from './delete-pipeline.js';
import { fillRequired } from '../schema/fill-required.js';
import { endOpenTasks } from '../task-steps/wanted-steps.js';

/** The process that a test belongs to. */
export interface TestOwner {
  /** Names the test among those of all processes. */
  readonly token: string;
  /** `host:pid`. */
  readonly worker: string;
  readonly identity: string | null;
}

/** A pipeline that a heartbeat test made for itself. */
export interface TestPipeline {
  readonly id: number;
  readonly owner: TestOwner;
  /** Seconds since it was made, by the database's clock. */
  readonly ageSeconds: number;
}

const namePrefix = 'chainparse heartbeat test ';

const tables = [
  'pipeline_task',
  'pipeline_checkpoint',
  'pipeline_commit',
  'event',
  'event_removed',
  'undecoded_log',
  'recent_block',
  'reorg',
] as const;

/** Pipelines that only heartbeat tests use: disabled, without a component, and named so that a later test knows them. */
export class TestPipelineStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Makes a pipeline and returns its id; `part` tells it from the others of its owner. */
  async insert(owner: TestOwner, part: string): Promise<number> {
    const { knex, dialect } = this.#database;
    const now = dialect.now(knex);
    const required = await fillRequired(this.#database, 'pipeline');
    // An older program's pipelines may have to be of one of its classifications.
    if ('classification_id' in required) {
      const first = knex('pipeline_classification').min('id');
      required['classification_id'] = knex.raw('COALESCE((?), 0)', [first]);
    }
    const [step] = await this.#database.write([
      knex('pipeline').insert({
        ...required,
        name: `${namePrefix}${owner.token} ${part}`,
        description: JSON.stringify(owner),
        create_time: now,
        update_time: now,
        disabled: dialect.flag(true),
      }),
    ]);
    return step?.insertId ?? 0;
  }

  /** Lists what there is, of whomever. */
  async list(): Promise<readonly TestPipeline[]> {
    const { dialect } = this.#database;
    const rows = await this.#database.read<{ id: number; description: string | null; age: number | null }[]>((knex) =>
      knex('pipeline')
        .select('id', 'description', knex.raw('? AS age', [dialect.secondsSince(knex, 'create_time')]))
        .where('name', 'like', `${namePrefix}%`)
        .whereNotIn('id', knex('pipeline_component').select('pipeline_id'))
        .orderBy('id'),
    );
    return rows.flatMap(({ id, description, age }) => {
      const owner = readOwner(description);
      return owner === null ? [] : [{ id, owner, ageSeconds: age ?? 0 }];
    });
  }

  /** Makes the tasks of pipelines say nothing of how often they beat, as older programs' tasks do. */
  async forgetIntervals(ids: readonly number[]): Promise<void> {
    const { knex } = this.#database;
    await this.#database.write([
      knex('pipeline_task').whereIn('pipeline_id', ids).update({ heartbeat_interval: null }),
    ]);
  }

  /** Deletes a pipeline with its tasks, living or not, its checkpoint and its events. */
  async delete(id: number): Promise<void> {
    await this.#database.write([endOpenTasks(this.#database, id)]);
    // None of them lives any more, however often it should have beaten.
    await deletePipeline(this.#database, id, 0);
  }

  /** Counts the rows that pipelines have left in any table. */
  async countRows(ids: readonly number[]): Promise<number> {
    const count = async (build: (knex: Database['knex']) => Query): Promise<number> =>
      (await this.#database.read<{ rows: number }[]>(build))[0]?.rows ?? 0;
    let sum = await count((knex) => knex('pipeline').whereIn('id', ids).count({ rows: '*' }));
    for (const table of tables) {
      sum += await count((knex) => knex(table).whereIn('pipeline_id', ids).count({ rows: '*' }));
    }
    return sum;
  }
}

/** Lists the ids of what heartbeat tests have made for themselves: that tasks fall silent there is meant, and concerns nobody. */
export async function listTestPipelineIds(database: Database): Promise<readonly number[]> {
  return (await new TestPipelineStore(database).list()).map(({ id }) => id);
}

/** Null where a person has given a pipeline such a name. */
function readOwner(description: string | null): TestOwner | null {
  try {
    const { token, worker, identity } = JSON.parse(description ?? '') as Partial<TestOwner>;
    if (typeof token !== 'string' || typeof worker !== 'string') return null;
    return { token, worker, identity: identity ?? null };
  } catch {
    return null;
  }
}
