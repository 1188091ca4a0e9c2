import type { Knex } from 'knex';
import type { Clock } from '../runtime/clock.js';
import { retry } from '../runtime/retry.js';
import { compile, toStep } from './database.js';
import type { Database, Query } from './database.js';
import { translateError } from './database-errors.js';
import { DatabaseTimezone } from './database-timezone.js';
import type { Dialect } from './dialect.js';
import type { BulkInsert, ScriptRunner, Statement, StepResult } from './script.js';

/** How often contention (a deadlock, a lock that did not come free) is tried again. */
const attempts = 5;

/** How long the pool may take to end its connections, in milliseconds. */
const goodbyeMs = 1_000;

export interface KnexDatabaseParts {
  readonly knex: Knex;
  readonly dialect: Dialect;
  readonly runner: ScriptRunner;
  /** Runs scripts that must not wait behind others; `runner` where left out. */
  readonly urgentRunner?: ScriptRunner;
  readonly label: string;
  readonly clock: Clock;
  /** What leads to the database, if it is a server. */
  readonly sockets?: { close(): void };
  /** What nobody has set where left out. */
  readonly timezone?: DatabaseTimezone;
  /** Looks, before each use, whether the database still is what was opened; throws DatabaseUnusableError where it is not. */
  readonly watch?: { look(): void; close(): void } | undefined;
}

/** A database whose reads go through Knex's pool and whose writes go through a script runner. */
export class KnexDatabase implements Database {
  readonly dialect: Dialect;
  readonly knex: Knex;
  readonly label: string;
  readonly timezone: DatabaseTimezone;
  readonly #runner: ScriptRunner;
  readonly #urgentRunner: ScriptRunner;
  readonly #clock: Clock;
  readonly #sockets: { close(): void } | undefined;
  readonly #watch: KnexDatabaseParts['watch'];

  constructor(parts: KnexDatabaseParts) {
    this.dialect = parts.dialect;
    this.knex = parts.knex;
    this.label = parts.label;
    this.#runner = parts.runner;
    this.#urgentRunner = parts.urgentRunner ?? parts.runner;
    this.#clock = parts.clock;
    this.#sockets = parts.sockets;
    this.timezone = parts.timezone ?? new DatabaseTimezone(undefined);
    this.#watch = parts.watch;
  }

  read<T>(build: (knex: Knex) => Query): Promise<T> {
    return this.#try(async () => (await build(this.knex)) as T);
  }

  write(steps: readonly (Query | Statement | BulkInsert)[]): Promise<readonly StepResult[]> {
    return this.#try(() => this.#runner.run(steps.map(toStep)));
  }

  writeUrgently(steps: readonly (Query | Statement | BulkInsert)[]): Promise<readonly StepResult[]> {
    return this.#try(() => this.#urgentRunner.run(steps.map(toStep)));
  }

  async writeAside(build: (knex: Knex) => Query): Promise<boolean> {
    try {
      const query = build(this.knex);
      // A server has connections for it on which no script waits.
      await (this.#runner.runAside === undefined ? query : this.#runner.runAside([toStep(query)]));
      return true;
    } catch {
      return false;
    }
  }

  prepare(inserts: readonly BulkInsert[]): void {
    for (const insert of inserts) this.#runner.prepare?.(insert);
  }

  async whenSent(): Promise<void> {
    await this.#runner.whenSent?.();
  }

  fenced(query: Query): Statement {
    return { ...compile(query), fence: true };
  }

  async close(): Promise<void> {
    await Promise.all([this.#runner.close(), this.#urgentRunner.close(), this.#closePool()]);
    this.#watch?.close();
    // A server that is frozen does not close its side, and the sockets would keep this process alive.
    this.#sockets?.close();
  }

  async #closePool(): Promise<void> {
    const done = new AbortController();
    const patience = this.#clock.sleep(goodbyeMs, done.signal).catch(() => undefined);
    await Promise.race([this.knex.destroy(), patience]);
    done.abort();
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      const watched = (): Promise<T> => {
        this.#watch?.look();
        return work();
      };
      return await retry(watched, {
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
