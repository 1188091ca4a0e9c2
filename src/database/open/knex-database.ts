import type { Knex } from 'knex';
import type { Clock } from '../../runtime/clock.js';
import { retry } from '../../runtime/retry.js';
import { waitAtMost } from '../../runtime/wait-at-most.js';
import { compile, toStep } from '../database.js';
import type { Database, Query } from '../database.js';
import { translateError } from '../database-errors.js';
import { DatabaseTimezone } from '../database-timezone.js';
import type { Dialect, ErrorKind } from '../dialect.js';
import { scriptAttempts } from '../driver.js';
import type { Driver, QueryPlan } from '../driver.js';
import type { Schema } from '../../../migrations/schema.js';
import type { BulkInsert, ScriptStep, TellSent, Statement, StepResult } from '../script.js';

const retryable: ReadonlySet<ErrorKind> = new Set(['contention', 'duplicate']);

/** How long the pool may take to end its connections, in milliseconds. */
const goodbyeMs = 1_000;

/** What belongs to an open database beside its driver. */
export interface DatabaseParts {
  readonly driver: Driver;
  readonly label: string;
  readonly clock: Clock;
  /** What nobody has set where left out. */
  readonly timezone?: DatabaseTimezone;
}

/** A database whose reads go through Knex's pool and whose writes go through a script runner. */
export class KnexDatabase implements Database {
  readonly driver: Driver;
  readonly dialect: Dialect;
  readonly knex: Knex;
  readonly label: string;
  readonly timezone: DatabaseTimezone;
  readonly #clock: Clock;

  constructor({ driver, label, clock, timezone = new DatabaseTimezone(undefined) }: DatabaseParts) {
    this.driver = driver;
    this.dialect = driver.dialect;
    this.knex = driver.reads;
    this.label = label;
    this.timezone = timezone;
    this.#clock = clock;
  }

  read<T>(build: (knex: Knex) => Query): Promise<T> {
    return this.#try(async () => (await build(this.knex)) as T);
  }

  write(steps: readonly (Query | ScriptStep)[], sent?: TellSent): Promise<readonly StepResult[]> {
    return this.#try(() => this.driver.scripts.run(steps.map(toStep), sent));
  }

  writeUrgently(steps: readonly (Query | ScriptStep)[]): Promise<readonly StepResult[]> {
    return this.#try(() => this.driver.urgentScripts.run(steps.map(toStep)));
  }

  async writeAside(build: (knex: Knex) => Query): Promise<boolean> {
    try {
      await this.driver.runAside(compile(build(this.knex)));
      return true;
    } catch {
      return false;
    }
  }

  prepare(insert: BulkInsert): BulkInsert {
    return this.driver.scripts.prepare(insert);
  }

  explain(query: Query): Promise<QueryPlan> {
    return this.#try(() => this.driver.explain(compile(query)));
  }

  isReadOnly(): Promise<boolean> {
    return this.#try(() => this.driver.isReadOnly());
  }

  async withSchema<T>(work: (schema: Schema) => Promise<T>): Promise<T> {
    const client = this.knex.client as {
      acquireConnection(): Promise<unknown>;
      releaseConnection(connection: unknown): Promise<void>;
    };
    try {
      const connection = await client.acquireConnection();
      try {
        return await work(this.driver.schema(connection));
      } finally {
        await client.releaseConnection(connection);
      }
    } catch (error) {
      throw translateError(this.dialect, this.label, error);
    }
  }

  fenced(query: Query, rows = 1): Statement {
    return { ...compile(query), fence: rows };
  }

  async close(): Promise<void> {
    await Promise.all([this.driver.scripts.close(), this.driver.urgentScripts.close(), this.#closePool()]);
    this.driver.close();
  }

  async #closePool(): Promise<void> {
    await waitAtMost(this.knex.destroy(), { clock: this.#clock, ms: goodbyeMs });
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      const watched = (): Promise<T> => {
        this.driver.look();
        return work();
      };
      return await retry(watched, {
        clock: this.#clock,
        attempts: scriptAttempts,
        backoff: { firstMs: 20, maxMs: 500 },
        isRetryable: (error) => retryable.has(this.dialect.classify(error)),
      });
    } catch (error) {
      throw translateError(this.dialect, this.label, error);
    }
  }
}
