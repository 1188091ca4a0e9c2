import type { Knex } from 'knex';
import { KnexDatabase } from '../../../src/database/open/knex-database.js';
import type { ScriptRunner } from '../../../src/database/script.js';
import type { Database } from '../../../src/database/database.js';
import { bareDriver } from '../../support/bare-driver.js';
import { readingKnexOver } from '../simulator/direct-database.js';
import type { Request, Row } from '../simulator/engine.js';
import { readJournal, rowsAtVersions } from '../simulator/oracles/rows-at-versions.js';
import type { SimProcess } from '../simulator/sim-process.js';
import { epochMs } from '../simulator/sim-process.js';
import type { SqliteEngine } from '../simulator/sqlite-engine.js';
import type { Timeline } from '../simulator/timeline.js';

type Send = (request: Exclude<Request, { kind: 'hello' }>) => Promise<unknown>;

/** What changes from schedule to schedule. */
export interface SimStoreParts {
  readonly timeline: Timeline;
  readonly random: () => number;
  /** How long a statement takes at most, in milliseconds. */
  readonly databaseMs: number;
  /** Called after each script that was executed. */
  readonly written: () => void;
}

/** The database of a schedule: SQLite in memory that takes its time, opened by one process after the other. */
export class SimStore {
  readonly #engine: SqliteEngine;
  readonly #places: { readonly knex: Knex; send: Send }[] = [];
  #taken = 0;
  #parts: SimStoreParts | null = null;

  constructor(engine: SqliteEngine) {
    this.#engine = engine;
  }

  /** A new schedule begins with empty tables. */
  reset(parts: SimStoreParts): void {
    this.#engine.begin('+00:00');
    this.#parts = parts;
    this.#taken = 0;
  }

  open(process: SimProcess): Database {
    const parts = this.#parts!;
    const place = this.#place();
    const send: Send = (request) => this.#send(request, process, parts);
    place.send = send;
    const runner: ScriptRunner = {
      run: async (steps, sent) => {
        const answer = send({ kind: 'script', steps });
        sent?.();
        return (await answer) as never;
      },
      prepare: (insert) => insert,
      close: () => Promise.resolve(),
    };
    const driver = bareDriver({ knex: place.knex, dialect: this.#engine.dialect, runner });
    return new KnexDatabase({ driver, label: 'simulated', clock: process.clock });
  }

  /** Asks the database itself, at once. */
  ask(sql: string, bindings: readonly unknown[] = []): readonly Row[] {
    return this.#engine.execute({ kind: 'read', sql, bindings }, this.#circumstances('judge', 0)) as readonly Row[];
  }

  /** Judges what the journal tells of every version by what was there, as the database's triggers have told it. */
  async judgeJournal(keepsRemoved: boolean): Promise<readonly string[]> {
    const tables = await readJournal((sql) => this.#engine.ask(sql));
    return [...rowsAtVersions(this.#engine.ledger(), tables, keepsRemoved)];
  }

  #place(): { readonly knex: Knex; send: Send } {
    const free = this.#places[this.#taken++];
    if (free !== undefined) return free;
    const place: { readonly knex: Knex; send: Send } = {
      knex: readingKnexOver('better-sqlite3', (sql, bindings) => place.send({ kind: 'read', sql, bindings })),
      send: () => Promise.reject(new Error('nobody has opened it')),
    };
    this.#places.push(place);
    return place;
  }

  /** What has left a process is executed even where it crashes meanwhile; then nobody hears of it. */
  #send(...[request, process, parts]: [Parameters<Send>[0], SimProcess, SimStoreParts]): Promise<unknown> {
    const { timeline, random, databaseMs, written } = parts;
    return new Promise((resolve, reject) => {
      if (process.hasCrashed) return;
      timeline.after(random() * databaseMs, () => {
        const deliver = (how: () => void): void => {
          timeline.after(random() * databaseMs, () => process.deliver(how));
        };
        try {
          const result = this.#engine.execute(request, this.#circumstances(process.name, timeline.now));
          if (request.kind === 'script') written();
          deliver(() => resolve(result));
        } catch (error) {
          const refusal = error as Error;
          deliver(() => reject(refusal));
        }
      });
    });
  }

  #circumstances(sender: string, at: number): Parameters<SqliteEngine['execute']>[1] {
    return { at, sender, clockMs: epochMs + at, liveMs: epochMs + at };
  }
}
