import type { Knex } from 'knex';
import type { Clock } from '../runtime/clock.js';
import { retry } from '../runtime/retry.js';
import { compile, toStep } from './database.js';
import type { Database, Query } from './database.js';
import { translateError } from './database-errors.js';
import type { Dialect } from './dialect.js';
import type { BulkInsert, ScriptRunner, Statement, StepResult } from './script.js';

/** How often contention (a deadlock, a lock that did not come free) is tried again. */
const attempts = 5;

export interface KnexDatabaseParts {
  readonly knex: Knex;
  readonly dialect: Dialect;
  readonly runner: ScriptRunner;
  readonly label: string;
  readonly clock: Clock;
}

/** A database whose reads go through Knex's pool and whose writes go through a script runner. */
export class KnexDatabase implements Database {
  readonly dialect: Dialect;
  readonly knex: Knex;
  readonly label: string;
  readonly #runner: ScriptRunner;
  readonly #clock: Clock;

  constructor(parts: KnexDatabaseParts) {
    this.dialect = parts.dialect;
    this.knex = parts.knex;
    this.label = parts.label;
    this.#runner = parts.runner;
    this.#clock = parts.clock;
  }

  read<T>(build: (knex: Knex) => Query): Promise<T> {
    return this.#try(async () => (await build(this.knex)) as T);
  }

  write(steps: readonly (Query | Statement | BulkInsert)[]): Promise<readonly StepResult[]> {
    return this.#try(() => this.#runner.run(steps.map(toStep)));
  }

  fenced(query: Query): Statement {
    return { ...compile(query), fence: true };
  }

  async close(): Promise<void> {
    await this.#runner.close();
    await this.knex.destroy();
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await retry(work, {
        clock: this.#clock,
        attempts,
        backoff: { firstMs: 20, maxMs: 500 },
        isRetryable: (error) => this.dialect.classify(error) === 'contention',
      });
    } catch (error) {
      throw translateError(this.dialect, this.label, error);
    }
  }
}
