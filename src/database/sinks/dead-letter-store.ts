import type { Knex } from 'knex';
import { MessageData } from '../../model/event-message.js';
import type { EventMessage, MessagePlace } from '../../model/event-message.js';
import type { Database, Query } from '../database.js';
import { toInstant } from '../instant.js';

const table = 'sink_dead_letter';

/** What becomes of a dead letter: kept as it is, tried again since a person wants it, or since its insert has been taken. */
const dues = { kept: 0, wanted: 1, owed: 2 } as const;

/** Ids of one question, at most. */
const mostIds = 500;

/** A message that its receiver refuses for good. */
export interface DeadLetter {
  readonly id: number;
  readonly message: EventMessage;
  readonly attempts: number;
  /** Whether it has to be tried again since its insert, which it had joined, has been taken. */
  readonly isOwed: boolean;
  readonly error: string;
  /** In the database's time zone, without a suffix. */
  readonly createTime: string;
}

/** Which sink's. */
export interface SinkName {
  readonly pipelineId: number;
  readonly sink: string;
}

/** Why a message is a dead letter. */
export interface Refusal {
  readonly message: EventMessage;
  readonly attempts: number;
  readonly error: string;
}

/** The rows of `sink_dead_letter`. */
export class DeadLetterStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns the step that keeps a message; the same one again replaces what is there. */
  keep({ pipelineId, sink }: SinkName, { message, attempts, error }: Refusal): Query {
    const { knex, dialect } = this.#database;
    const { id, op, seq, place, eventName, eventSignature, data } = message;
    const now = { attempts, error, due: dues.kept, create_time: dialect.now(knex) };
    return knex(table)
      .insert({
        ...{ pipeline_id: pipelineId, sink, event_id: id, op, seq, place: JSON.stringify(place) },
        ...{ event_name: eventName, event_signature: eventSignature, data: data.text, ...now },
      })
      .onConflict(['pipeline_id', 'sink', 'event_id', 'seq'])
      .merge({ attempts, error, due: dues.kept });
  }

  /** Lists a sink's dead letters, the oldest first, at most so many behind an id. */
  async list(sink: SinkName, { limit, after = 0 }: { readonly limit: number; readonly after?: number }) {
    return this.#select(sink, (rows) => rows.where('id', '>', after).orderBy('id').limit(limit));
  }

  /** Returns the first of those that are to be tried again, in the order in which they must be; null: there is none. */
  async firstDue(sink: SinkName): Promise<DeadLetter | null> {
    const [first] = await this.#select(sink, (rows) =>
      rows.where('due', '>', dues.kept).orderBy(['seq', 'id']).limit(1),
    );
    return first ?? null;
  }

  /** Lists the dead letters of one event, in the order in which they were to be sent. */
  async listOf({ pipelineId, sink }: SinkName, eventId: string) {
    return this.#database.read<
      readonly { readonly id: number; readonly op: EventMessage['op']; readonly seq: number }[]
    >((knex) =>
      knex(table).select('id', 'op', 'seq').where({ pipeline_id: pipelineId, sink, event_id: eventId }).orderBy('seq'),
    );
  }

  /** Returns of some events the `seq` of each insert that is a dead letter. */
  async deadInserts({ pipelineId, sink }: SinkName, ids: readonly string[]): Promise<ReadonlyMap<string, number[]>> {
    const found = new Map<string, number[]>();
    for (let i = 0; i < ids.length; i += mostIds) {
      const rows = await this.#database.read<{ event_id: string; seq: number }[]>((knex) =>
        knex(table)
          .select('event_id', 'seq')
          .where({ pipeline_id: pipelineId, sink, op: 'insert' })
          .whereIn('event_id', ids.slice(i, i + mostIds)),
      );
      for (const { event_id: id, seq } of rows) found.set(id, [...(found.get(id) ?? []), seq]);
    }
    return found;
  }

  /** Has dead letters tried again, all of them where no id is given; returns how many. */
  async retry(sink: SinkName, ids: readonly number[]): Promise<number> {
    const { knex } = this.#database;
    // What is owed stays so.
    const due = knex.raw('CASE WHEN due = ? THEN ? ELSE ? END', [dues.owed, dues.owed, dues.wanted]);
    const [result] = await this.#database.write([this.#rows(sink, ids).update({ due })]);
    return result?.matched ?? 0;
  }

  /** Returns the step that says what becomes of some dead letters. */
  mark(sink: SinkName, ids: readonly number[], due: keyof typeof dues): Query {
    return this.#rows(sink, ids).update({ due: dues[due] });
  }

  /**
   * Forgets dead letters, all of them where no id is given, and the removes that had joined one of them: nobody is told of what
   * he never got. Returns how many.
   */
  async drop(sink: SinkName, ids: readonly number[]): Promise<number> {
    const inserts = await this.#select(sink, (rows) => rows.where({ op: 'insert' }).whereIn('id', ids));
    const joined: number[] = [];
    for (const { message } of inserts) {
      const later = (await this.listOf(sink, message.id)).find(({ seq }) => seq > message.seq);
      if (later?.op === 'remove') joined.push(later.id);
    }
    const [result] = await this.#database.write([this.forget(sink, [...new Set([...ids, ...joined])])]);
    return result?.matched ?? 0;
  }

  /** Returns the step that forgets dead letters, all of them where no id is given. */
  forget(sink: SinkName, ids: readonly number[]): Query {
    return this.#rows(sink, ids).delete();
  }

  #rows({ pipelineId, sink }: SinkName, ids: readonly number[]): Knex.QueryBuilder {
    const rows = this.#database.knex(table).where({ pipeline_id: pipelineId, sink });
    return ids.length === 0 ? rows : rows.whereIn('id', ids);
  }

  async #select(
    { pipelineId, sink }: SinkName,
    narrow: (rows: Knex.QueryBuilder) => Knex.QueryBuilder,
  ): Promise<readonly DeadLetter[]> {
    const rows = await this.#database.read<LetterRow[]>((knex) =>
      narrow(knex(table).where({ pipeline_id: pipelineId, sink })),
    );
    return rows.map(toLetter);
  }
}

interface LetterRow {
  readonly id: number;
  readonly event_id: string;
  readonly op: EventMessage['op'];
  readonly seq: number;
  readonly place: string;
  readonly event_name: string;
  readonly event_signature: string;
  readonly data: string;
  readonly attempts: number;
  readonly due: number;
  readonly error: string;
  readonly create_time: string;
}

function toLetter(row: LetterRow): DeadLetter {
  return {
    id: row.id,
    message: {
      id: row.event_id,
      op: row.op,
      seq: row.seq,
      place: JSON.parse(row.place) as MessagePlace,
      eventName: row.event_name,
      eventSignature: row.event_signature,
      data: MessageData.ofText(row.data),
    },
    attempts: row.attempts,
    isOwed: row.due === dues.owed,
    error: row.error,
    createTime: toInstant(row.create_time),
  };
}
