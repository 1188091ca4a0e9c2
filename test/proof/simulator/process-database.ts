import type { Knex } from 'knex';
import type { Database } from '../../../src/database/database.js';
import { KnexDatabase } from '../../../src/database/open/knex-database.js';
import { bareDriver } from '../../support/bare-driver.js';
import { readingKnexOver } from './direct-database.js';
import type { Engine } from './engine.js';
import { Line, LineRunner } from './line.js';
import type { Network } from './network.js';
import type { SimProcess } from './sim-process.js';

export interface LineTimeouts {
  readonly statementTimeoutMs: number;
  readonly beatTimeoutMs: number;
}

/** The databases of a schedule's processes. Knex is made once for each place and used again by the next schedule. */
export class ProcessDatabases {
  readonly #client: Engine['client'];
  readonly #places: { readonly knex: Knex; line: Line | null }[] = [];
  #taken = 0;

  constructor(client: Engine['client']) {
    this.#client = client;
  }

  /** A new schedule begins. */
  reset(): void {
    this.#taken = 0;
  }

  /** Opens the database for a process: three lines, one for reads, one for scripts, and one for beats. */
  open(engine: Engine, process: SimProcess, network: Network, timeouts: LineTimeouts): Database {
    const place = this.#place();
    place.line = new Line(process, network, timeouts.statementTimeoutMs);
    const driver = bareDriver({
      knex: place.knex,
      dialect: engine.dialect,
      runner: new LineRunner(new Line(process, network, timeouts.statementTimeoutMs)),
      urgentRunner: new LineRunner(new Line(process, network, timeouts.beatTimeoutMs)),
    });
    return new KnexDatabase({ driver, label: 'simulated', clock: process.clock });
  }

  #place(): { readonly knex: Knex; line: Line | null } {
    const free = this.#places[this.#taken++];
    if (free !== undefined) return free;
    const place: { readonly knex: Knex; line: Line | null } = {
      knex: readingKnexOver(this.#client, (sql, bindings) => place.line!.ask({ kind: 'read', sql, bindings })),
      line: null,
    };
    this.#places.push(place);
    return place;
  }
}
