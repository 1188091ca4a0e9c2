import type { Client, QueryResult } from 'pg';
import type { Clock } from '../../../runtime/clock.js';
import { DatabaseUnreachableError } from '../../../runtime/errors.js';
import { OneAtATime } from '../../../runtime/one-at-a-time.js';
import { Rooms } from '../../../runtime/rooms.js';
import { FenceError } from '../../script.js';
import type { BulkInsert, ScriptRunner, ScriptStep, TellSent, StepResult } from '../../script.js';
import { answerInTime } from '../answer-in-time.js';
import { release } from '../ready-insert.js';
import type { ReadyInsert } from '../ready-insert.js';
import { whenWritten } from '../when-written.js';
import type { Nodes } from '../nodes.js';
import type { PostgresAddress } from './postgres-address.js';
import { connect, dropConnection, streamOf } from './postgres-connection.js';
import type { ConnectOptions } from './postgres-connection.js';
import { isAway } from './postgres-errors.js';
import { writeInserts } from './postgres-inserts.js';
import { fenceErrorCode, isLate, readClock, refuseLate, writeScript } from './postgres-script.js';
import type { ScriptText } from './postgres-script.js';
import { sendQuery } from './send-query.js';

/** How long an orderly end of the connection may take, in milliseconds. */
const goodbyeMs = 1_000;

interface Session {
  readonly client: Client;
  /** What the server's clock showed, and our monotonic one not later than that. */
  seen: { readonly server: string; readonly at: number };
  isLost: boolean;
}

export interface PostgresScriptRunnerOptions extends ConnectOptions {
  readonly clock: Clock;
  /** How long the server may take for a script before its connection is dropped. */
  readonly timeoutMs: number;
}

/**
 * Runs scripts on a connection of its own, which no pool can take away from the heartbeat. A script travels as one simple
 * query: the server begins only when it has all of it, runs it as one transaction, and takes it back where a part fails.
 */
export class PostgresScriptRunner implements ScriptRunner {
  readonly #nodes: Nodes<PostgresAddress>;
  readonly #options: PostgresScriptRunnerOptions;
  #session: Session | null = null;
  #isClosed = false;
  readonly #turns = new OneAtATime();
  readonly #rooms = new Rooms();

  constructor(nodes: Nodes<PostgresAddress>, options: PostgresScriptRunnerOptions) {
    this.#nodes = nodes;
    this.#options = options;
  }

  run(steps: readonly ScriptStep[], sent?: TellSent): Promise<readonly StepResult[]> {
    return this.#turns.run(() => this.#runNow(steps, sent));
  }

  prepare(insert: BulkInsert): ReadyInsert {
    return { ...insert, written: writeInserts(insert, this.#rooms) };
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    this.#isClosed = true;
    if (session === null) return;
    await this.#within(session.client, session.client.end(), goodbyeMs).catch(() => undefined);
  }

  async #runNow(steps: readonly ScriptStep[], sent: TellSent = () => undefined): Promise<readonly StepResult[]> {
    const script = writeScript(steps);
    const session = await this.#connect();
    try {
      const answers = this.#sendInTime(session, script);
      whenWritten(streamOf(session.client), sent);
      const results = collect(steps.length, script, await answers);
      release(steps, this.#rooms);
      return results;
    } catch (error) {
      throw await this.#recover(session, error);
    }
  }

  /** Sends a script that the server does not execute any more once it has been given up here. */
  async #sendInTime(session: Session, { statements }: ScriptText): Promise<readonly QueryResult[]> {
    const at = this.#options.clock.monotonic();
    const { server, at: seenAt } = session.seen;
    const all = [refuseLate(server, at - seenAt + this.#options.timeoutMs), ...statements, readClock];
    const query = sendQuery(session.client, all, this.#rooms);
    const results = (await this.#within(session.client, query)) as readonly QueryResult[];
    session.seen = { server: seenIn(results.at(-1)), at };
    return results.slice(1, -1);
  }

  /** Drops a connection that can't be trusted any more; returns what is to be thrown. */
  async #recover(session: Session, error: unknown): Promise<unknown> {
    if (isAway(error)) {
      this.#drop(session);
      return error;
    }
    if ((error as { code?: unknown }).code === fenceErrorCode) return new FenceError();
    if (!isLate(error)) return error;
    // The server's clock may have been set forward.
    await this.#noteClock(session).catch(() => this.#drop(session));
    return new DatabaseUnreachableError('the database got to a statement too late to execute it', { cause: error });
  }

  #drop(session: Session): void {
    if (session.isLost) return;
    session.isLost = true;
    if (this.#session === session) this.#session = null;
    this.#nodes.lost(session.client);
    dropConnection(session.client);
  }

  async #connect(): Promise<Session> {
    if (this.#session !== null) return this.#session;
    // What still waits for its turn must not open a connection that nobody would close.
    if (this.#isClosed) throw new DatabaseUnreachableError('the database has been closed');
    const client = await this.#nodes.connect((address) => this.#connectTo(address), isAway);
    const session: Session = { client, seen: { server: '', at: 0 }, isLost: false };
    // What a server says last, or a network, may come long before the end of its connection.
    for (const event of ['error', 'end'] as const) client.once(event, () => this.#drop(session));
    try {
      await this.#noteClock(session);
    } catch (error) {
      this.#drop(session);
      throw error;
    }
    if (!session.isLost) this.#session = session;
    return session;
  }

  /** A node that stays silent takes no longer than a script may: then it is the next one's turn. */
  #connectTo(address: PostgresAddress): Promise<Client> {
    const { clock, timeoutMs } = this.#options;
    // Until there is a client nothing has to be dropped: its sockets are closed with the database.
    const connecting = connect(address, this.#options);
    return answerInTime(connecting, {
      clock,
      timeoutMs,
      drop: () => void connecting.then(dropConnection, () => undefined),
    });
  }

  async #noteClock(session: Session): Promise<void> {
    const at = this.#options.clock.monotonic();
    session.seen = { server: seenIn(await this.#send(session.client, readClock)), at };
  }

  #send(client: Client, text: string): Promise<QueryResult> {
    return this.#within(client, client.query(text));
  }

  #within<T>(client: Client, work: Promise<T>, timeoutMs = this.#options.timeoutMs): Promise<T> {
    return answerInTime(work, { clock: this.#options.clock, timeoutMs, drop: () => dropConnection(client) });
  }
}

function seenIn(result: QueryResult | undefined): string {
  return (result?.rows[0] as { readonly seen: string } | undefined)?.seen ?? '';
}

/** Returns what each of so many steps did. */
export function collect(count: number, script: ScriptText, answers: readonly QueryResult[]): readonly StepResult[] {
  const results = Array.from({ length: count }, () => ({ matched: 0, insertId: 0 }));
  script.answers.forEach((step, i) => {
    const result = results[step];
    const answer = answers[i];
    if (result === undefined || answer === undefined) return;
    result.matched += answer.rowCount ?? 0;
    const { id } = (answer.rows[0] ?? {}) as { readonly id?: unknown };
    if (answer.command === 'INSERT' && typeof id === 'number') result.insertId = id;
  });
  return results;
}
