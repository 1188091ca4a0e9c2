import { createConnection } from 'mysql2';
import type { Connection, ResultSetHeader } from 'mysql2';
import type { Clock } from '../../../runtime/clock.js';
import { DatabaseUnreachableError } from '../../../runtime/errors.js';
import { OneAtATime } from '../../../runtime/one-at-a-time.js';
import { Rooms } from '../../../runtime/rooms.js';
import type { DatabaseTimezone } from '../../database-timezone.js';
import type { MysqlAddress } from './mysql-address.js';
import { answerInTime } from '../answer-in-time.js';
import { release } from '../ready-insert.js';
import type { ReadyInsert } from '../ready-insert.js';
import type { SqlPart } from '../sql-bytes.js';
import { noteClock, refuseLate } from './late-packet.js';
import { connectionOptions, dropConnection, prepare, streamOf } from './mysql-connection.js';
import { expectNothing, fenceErrorNumber, writeInserts, writePackets } from './mysql-script.js';
import type { Packet, WrittenFor } from './mysql-script.js';
import { sendQuery } from './send-query.js';
import { isAway, isNodeAway, isPassedOver } from './mysql-errors.js';
import type { Nodes } from '../nodes.js';
import type { ServerSockets } from '../server-sockets.js';
import { FenceError, isFenced } from '../../script.js';
import type { BulkInsert, ScriptRunner, ScriptStep, TellSent, StepResult } from '../../script.js';
import { whenWritten } from '../when-written.js';

/** How long an orderly end of the connection may take, in milliseconds. */
const goodbyeMs = 1_000;

/**
 * A script waits as briefly for a table that somebody has locked as for a row: until it gives up nobody renews the lease whose row
 * it holds. Migrations, which wait for tables on purpose, have connections of their own.
 */
const boundTableLocks = 'SET SESSION lock_wait_timeout = 3';

interface Session {
  readonly connection: Connection;
  readonly maxBytes: number;
  /** Not later than when the server last noted its clock, by our monotonic one. */
  notedAt: number;
}

export interface MysqlScriptRunnerOptions {
  readonly timezone: DatabaseTimezone;
  readonly clock: Clock;
  readonly sockets: ServerSockets;
  /** How long the server may take for a script before its connection is dropped. */
  readonly timeoutMs: number;
}

/**
 * Runs scripts on a connection of its own, which no pool can take away from the heartbeat. A script travels as one
 * packet (several only where it exceeds max_allowed_packet) from START TRANSACTION to COMMIT.
 */
export class MysqlScriptRunner implements ScriptRunner {
  readonly #nodes: Nodes<MysqlAddress>;
  readonly #options: MysqlScriptRunnerOptions;
  #session: Session | null = null;
  #isClosed = false;
  readonly #turns = new OneAtATime();
  readonly #rooms = new Rooms();

  constructor(nodes: Nodes<MysqlAddress>, options: MysqlScriptRunnerOptions) {
    this.#nodes = nodes;
    this.#options = options;
  }

  run(steps: readonly ScriptStep[], sent?: TellSent): Promise<readonly StepResult[]> {
    return this.#turns.run(() => this.#runNow(steps, sent));
  }

  prepare(insert: BulkInsert): BulkInsert | ReadyInsert<WrittenFor> {
    // Before there is a session it is not known how much the server takes at once.
    if (this.#session === null) return insert;
    const { maxBytes } = this.#session;
    return { ...insert, written: { maxBytes, ...writeInserts(insert, maxBytes, this.#rooms) } };
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    this.#isClosed = true;
    if (session === null) return;
    // Behind a script in the air the goodbye would wait for as long as that one may take.
    await this.#within(session.connection, session.connection.promise().end(), goodbyeMs).catch(() => undefined);
  }

  async #runNow(steps: readonly ScriptStep[], sent: TellSent = () => undefined): Promise<readonly StepResult[]> {
    const results = steps.map(() => ({ matched: 0, insertId: 0 }));
    const session = await this.#connect();
    try {
      for (const packet of writePackets(steps, session.maxBytes)) {
        const answers = this.#sendInTime(session, packet.statements);
        whenWritten(streamOf(session.connection), sent);
        collect(results, packet, await answers);
      }
      release(steps, this.#rooms);
      return results;
    } catch (error) {
      await this.#recover(session, error);
      const { errno } = error as { errno?: unknown };
      if (errno !== fenceErrorNumber) throw error;
      if (steps.some(isFenced)) throw new FenceError();
      throw new DatabaseUnreachableError('the database got to a statement too late to execute it', { cause: error });
    }
  }

  /** Sends a packet that the server does not execute any more once it has been given up here. */
  async #sendInTime(session: Session, statements: readonly SqlPart[]): Promise<readonly unknown[]> {
    const sentAt = this.#options.clock.monotonic();
    const allowedMs = sentAt - session.notedAt + this.#options.timeoutMs;
    const all = [refuseLate(allowedMs), noteClock, ...statements];
    const query = sendQuery(session.connection, all, this.#rooms);
    const answers = await this.#within(session.connection, query);
    session.notedAt = sentAt;
    return (answers as unknown[]).slice(2);
  }

  /** Ends what a failed packet left open; drops a connection that can't be trusted any more. */
  async #recover(session: Session, error: unknown): Promise<void> {
    if (!(this.#nodes.isCluster ? isNodeAway : isAway)(error)) {
      try {
        const sentAt = this.#options.clock.monotonic();
        await this.#send(session, `ROLLBACK;${expectNothing};${noteClock}`);
        // A packet may have been refused because the server's clock was set forward.
        session.notedAt = sentAt;
        return;
      } catch {
        // The connection is gone as well, and with it the transaction.
      }
    }
    this.#forget(session);
    dropConnection(session.connection);
  }

  /** The next script connects anew, to another node where there is one. */
  #forget(session: Session): void {
    this.#session = null;
    this.#nodes.lost(session);
  }

  async #connect(): Promise<Session> {
    if (this.#session !== null) return this.#session;
    // What still waits for its turn must not open a connection that nobody would close.
    if (this.#isClosed) throw new DatabaseUnreachableError('the database has been closed');
    this.#session = await this.#nodes.connect((address) => this.#openAt(address), isPassedOver);
    return this.#session;
  }

  async #openAt(address: MysqlAddress): Promise<Session> {
    const connection = createConnection({
      ...connectionOptions(address, this.#options.sockets),
      multipleStatements: true,
      // Scripts are written out here: the driver would go through megabytes once more, in search of what it may fill in.
      queryFormat: (text) => text,
    });
    // Without a listener an error of an idle connection would end the process; the next script meets it anyway.
    connection.on('error', () => {
      if (this.#session?.connection === connection) this.#forget(this.#session);
    });
    try {
      await this.#within(connection, connection.promise().connect());
      return await this.#prepare(connection);
    } catch (error) {
      dropConnection(connection);
      throw error;
    }
  }

  async #prepare(connection: Connection): Promise<Session> {
    const session = { connection, maxBytes: 1 << 20, notedAt: this.#options.clock.monotonic() };
    const { timezone } = this.#options;
    await prepare((statement) => this.#send(session, statement), { timezone, mustWrite: this.#nodes.isCluster });
    const notedAt = this.#options.clock.monotonic();
    await this.#send(session, `${boundTableLocks};${noteClock}`);
    const rows = (await this.#send(session, 'SELECT @@max_allowed_packet AS size')) as { size: number }[];
    return { connection, notedAt, maxBytes: Math.floor(Math.min(rows[0]?.size ?? 1 << 20, 1 << 26) * 0.9) };
  }

  async #send(session: Session, text: string): Promise<unknown> {
    const [answer] = await this.#within(session.connection, session.connection.promise().query(text));
    return answer;
  }

  /** Waits for the server, but not for ever: a connection on which it stays silent is dropped. */
  #within<T>(connection: Connection, work: Promise<T>, timeoutMs = this.#options.timeoutMs): Promise<T> {
    return answerInTime(work, { clock: this.#options.clock, timeoutMs, drop: () => dropConnection(connection) });
  }
}

function collect(results: { matched: number; insertId: number }[], packet: Packet, answers: readonly unknown[]): void {
  packet.answers.forEach((step, i) => {
    const result = step === null ? undefined : results[step];
    const header = answers[i] as ResultSetHeader | undefined;
    if (result === undefined || header === undefined) return;
    result.matched += header.affectedRows;
    result.insertId = header.insertId;
  });
}
