import type { Knex } from 'knex';
import { MessageData } from '../../model/event-message.js';
import type { EventMessage, MessagePlace } from '../../model/event-message.js';
import type { Database, Query } from '../database.js';
import { toInstant } from '../instant.js';
import { chunks } from '../../runtime/chunks.js';

const table = 'sink_dead_letter';

/**
 * What becomes of a dead letter: kept as it is, tried again since a person wants it, or since its insert has been taken; sent by a
 * replay, which forgets it once the receiver has that.
 */
const dues = { resent: -1, kept: 0, wanted: 1, owed: 2 } as const;

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

/** One of the dead letters of an event. */
export interface EventLetter extends Pick<DeadLetter, 'id' | 'attempts' | 'isOwed'> {
  readonly eventId: string;
  readonly op: EventMessage['op'];
  readonly seq: number;
  readonly rank: number;
  /** Whether a replay has sent its message again: the receiver may have it. */
  readonly isResent: boolean;
}

/** An event whose message a replay has sent again. */
export interface ResentEvent {
  readonly id: EventMessage['id'];
  readonly blockNumber: number;
}

/** Which sink's. */
export interface SinkName {
  readonly pipelineId: number;
  readonly sink: string;
}

/** Which dead letters of a sink: an empty list is none of them. */
type WhichLetters = readonly number[] | 'all';

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
    const { id, op, seq, rank, place, eventName, eventSignature, data } = message;
    const now = { attempts, error, due: dues.kept, create_time: dialect.now(knex) };
    return knex(table)
      .insert({
        ...{ pipeline_id: pipelineId, sink, event_id: id, op, seq, place: placeText(place, rank) },
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

  /** Lists of which events a replay has sent the message of a dead letter again, which it has not forgotten; not the messages, which may be large. */
  async listResent({ pipelineId, sink }: SinkName): Promise<readonly ResentEvent[]> {
    const rows = await this.#database.read<Pick<LetterRow, 'event_id' | 'place'>[]>((knex) =>
      knex(table).select('event_id', 'place').where({ pipeline_id: pipelineId, sink, due: dues.resent }),
    );
    return rows.map(({ event_id: id, place }) => ({ id, blockNumber: readPlace(place).blockNumber }));
  }

  /** Lists the dead letters of some events, in the order in which they were to be sent. */
  async listOf({ pipelineId, sink }: SinkName, eventIds: readonly string[]): Promise<readonly EventLetter[]> {
    const found: EventLetter[] = [];
    for (const ids of chunks(eventIds, mostIds)) {
      const rows = await this.#database.read<EventLetterRow[]>((knex) =>
        knex(table)
          .select('id', 'event_id', 'op', 'seq', 'place', 'attempts', 'due')
          .where({ pipeline_id: pipelineId, sink })
          .whereIn('event_id', ids)
          .orderBy('seq'),
      );
      for (const { id, event_id: eventId, op, seq, place, attempts, due } of rows)
        found.push({
          id,
          eventId,
          op,
          seq,
          rank: readPlace(place).rank ?? seq,
          attempts,
          isOwed: due === dues.owed,
          isResent: due === dues.resent,
        });
    }
    return found;
  }

  /** Has dead letters tried again; returns how many. */
  async retry(sink: SinkName, which: WhichLetters): Promise<number> {
    const { knex } = this.#database;
    // What is owed stays so.
    const due = knex.raw('CASE WHEN due = ? THEN ? ELSE ? END', [dues.owed, dues.owed, dues.wanted]);
    const [result] = await this.#database.write([this.#rows(sink, which).update({ due })]);
    return result?.matched ?? 0;
  }

  /** Returns the step that says what becomes of some dead letters. */
  mark(sink: SinkName, ids: readonly number[], due: keyof typeof dues): Query {
    return this.#rows(sink, ids).update({ due: dues[due] });
  }

  /**
   * Forgets dead letters, and the removes that had joined one of them: nobody is told of what he never got. Returns how many.
   */
  async drop(sink: SinkName, which: WhichLetters): Promise<number> {
    const letters = which === 'all' ? which : await this.#withJoined(sink, which);
    const [result] = await this.#database.write([this.forget(sink, letters)]);
    return result?.matched ?? 0;
  }

  async #withJoined(sink: SinkName, ids: readonly number[]): Promise<readonly number[]> {
    const inserts = await this.#select(sink, (rows) => rows.where({ op: 'insert' }).whereIn('id', ids));
    const joined: number[] = [];
    for (const { message } of inserts) {
      const remove = nextRemove(message, await this.listOf(sink, [message.id]));
      if (remove !== undefined && hasJoined(remove)) joined.push(remove.id);
    }
    return [...new Set([...ids, ...joined])];
  }

  /** Returns the step that forgets dead letters. */
  forget(sink: SinkName, which: WhichLetters): Query {
    return this.#rows(sink, which).delete();
  }

  #rows({ pipelineId, sink }: SinkName, which: WhichLetters): Knex.QueryBuilder {
    const rows = this.#database.knex(table).where({ pipeline_id: pipelineId, sink });
    return which === 'all' ? rows : rows.whereIn('id', which);
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

/** Says whether a remove joined its insert, which the receiver never had: it was not sent itself. */
export function hasJoined({ attempts, isOwed }: Pick<DeadLetter, 'attempts' | 'isOwed'>): boolean {
  return attempts === 0 && !isOwed;
}

/** Returns of the dead letters of an event, in their order, the remove that follows on a message of it. */
export function nextRemove({ seq }: EventMessage, letters: readonly EventLetter[]): EventLetter | undefined {
  return letters.find((letter) => letter.op === 'remove' && letter.seq > seq);
}

type EventLetterRow = Pick<LetterRow, 'id' | 'event_id' | 'op' | 'seq' | 'place' | 'attempts' | 'due'>;

/** Left out of a letter of an older version, whose `seq` was its rank. */
type KeptPlace = MessagePlace & { readonly rank?: number };

/** A message may be its whole event's, whose arguments can be longer than the column. */
function placeText(place: MessagePlace, rank: number): string {
  const { chainId, blockNumber, blockHash, timestamp, transactionHash, transactionIndex, logIndex } = place;
  const kept: KeptPlace = {
    ...{ chainId, blockNumber, blockHash, timestamp, transactionHash, transactionIndex, logIndex },
    contractAddress: place.contractAddress,
    rank,
  };
  return JSON.stringify(kept);
}

function readPlace(text: string): KeptPlace {
  return JSON.parse(text) as KeptPlace;
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
  const { rank = row.seq, ...place } = readPlace(row.place);
  return {
    id: row.id,
    message: {
      id: row.event_id,
      op: row.op,
      seq: row.seq,
      rank,
      place,
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
