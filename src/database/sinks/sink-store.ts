import type { Knex } from 'knex';
import type { SinkStanding } from '../../model/sink.js';
import type { Holder } from '../../model/task.js';
import type { Database, Query } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';
import { toInstantOrNull } from '../instant.js';
import type { BulkInsert, Statement } from '../script.js';
import { heldTask } from '../task-steps/running-task.js';

const table = 'pipeline_sink';

/** Who may move a pipeline's sinks: the task that its checkpoint names, and the claim with which it came. */
export interface SinkGuard {
  readonly pipelineId: number;
  readonly taskId: number;
  readonly claim: number;
}

/** A sink as its pipeline's definition names it. */
export interface NamedSink {
  readonly name: string;
  readonly type: string;
}

/** Where a sink begins. */
export type FirstStand = Required<Pick<SinkChange, 'place' | 'epoch' | 'base' | 'needsVersion' | 'cursorBlock'>>;

/** What changes in a sink's row; what is left out stays. */
export interface SinkChange {
  readonly place?: string;
  /** The version that its place leads to: not written where the journal has not come to it, for the database was set back. */
  readonly reaches?: number;
  readonly sentPlace?: string | null;
  readonly epoch?: string;
  readonly needsVersion?: number;
  readonly cursorBlock?: number | null;
  readonly base?: SinkStanding['base'];
  readonly toldEvents?: readonly string[];
  /** How often something was asked to be sent again. */
  readonly replay?: number;
  /** Null: it works again. */
  readonly error?: string | null;
}

type Step = Query | Statement | BulkInsert;

/** The rows of `pipeline_sink`: how far each sink of a pipeline has delivered, and what people want of it. */
export class SinkStore {
  readonly #database: Database;
  readonly #holder: Holder | null;

  /** With a holder only tasks that are still theirs may move sinks. */
  constructor(database: Database, holder: Holder | null = null) {
    this.#database = database;
    this.#holder = holder;
  }

  /** Lists the sinks of a pipeline, or of all, by pipeline and name. */
  async list(pipelineId?: number): Promise<readonly SinkStanding[]> {
    const letters = (): Knex.QueryBuilder =>
      this.#database
        .knex('sink_dead_letter')
        .count('*')
        .whereRaw('?? = ?? AND ?? = ??', [
          ...['sink_dead_letter.pipeline_id', `${table}.pipeline_id`],
          ...['sink_dead_letter.sink', `${table}.name`],
        ]);
    const rows = await this.#database.read<SinkRow[]>((knex) => {
      const query = knex(table)
        .select(
          `${table}.*`,
          knex.raw('? AS failing_seconds', [this.#database.dialect.secondsSince(knex, 'failing_since')]),
          letters().as('dead_letters'),
          letters().where('due', '>', 0).as('due_letters'),
        )
        .orderBy(['pipeline_id', 'name']);
      return pipelineId === undefined ? query : query.where({ pipeline_id: pipelineId });
    });
    return rows.map(toStanding);
  }

  /** Says where a sink begins that has not begun. Throws FenceError where the pipeline is another's. */
  async begin(guard: SinkGuard, sink: NamedSink, first: FirstStand): Promise<void> {
    const { knex } = this.#database;
    const row = { pipeline_id: guard.pipelineId, name: sink.name };
    await this.#database.write([
      this.#holds(guard),
      // It may have been paused before its first run.
      knex(table)
        .insert({ ...row, type: sink.type })
        .onConflict(['pipeline_id', 'name'])
        .ignore(),
      knex(table)
        .where(row)
        .whereNull('place')
        .update({ claim: guard.claim, ...this.#columns(first) }),
    ]);
  }

  /**
   * Takes the sinks of a pipeline over: what earlier holders still send matches nothing. The pipeline's claim becomes another
   * one where that is given. Throws FenceError.
   */
  async claim(guard: SinkGuard, claim = guard.claim): Promise<void> {
    const { knex } = this.#database;
    const rows = knex(table).where({ pipeline_id: guard.pipelineId }).update({ claim });
    await this.#database.write([this.#holds(guard, claim), rows]);
  }

  /** Returns the claim with which a task has its pipeline now; null: it has it no more. */
  async claimOf(task: Omit<SinkGuard, 'claim'>): Promise<number | null> {
    const [row] = await this.#database.read<{ claim: number }[]>(() => this.#checkpointOf(task).select('claim'));
    return row?.claim ?? null;
  }

  /**
   * Changes a sink's row, with other steps in the same transaction. Throws FenceError where the pipeline or the sink is
   * another's by now, or its place ahead of the journal.
   */
  async save(guard: SinkGuard, name: string, change: SinkChange, beside: readonly Step[] = []): Promise<void> {
    const { knex } = this.#database;
    const row = knex(table)
      .where({ pipeline_id: guard.pipelineId, name, claim: guard.claim })
      .whereExists(
        this.#checkpoint(guard)
          .where('version', '>=', change.reaches ?? 0)
          .select(knex.raw('1')),
      )
      .update({ claim: guard.claim, ...this.#columns(change) });
    await this.#database.write([this.#database.fenced(row), ...beside]);
  }

  /** Lets a sink deliver, or not. */
  async setPaused(pipelineId: number, { name, type }: NamedSink, paused: boolean): Promise<void> {
    const { knex } = this.#database;
    const flag = { paused: paused ? 1 : 0 };
    await this.#database.write([
      knex(table)
        .insert({ pipeline_id: pipelineId, name, type, ...flag })
        .onConflict(['pipeline_id', 'name'])
        .merge(flag),
    ]);
  }

  /** Asks for a stretch to be sent again; returns false where somebody else has asked since the row was read. */
  async requestReplay({ pipelineId, name, replay }: SinkStanding, fromBlock: number): Promise<boolean> {
    const row = this.#database
      .knex(table)
      .where({ pipeline_id: pipelineId, name, replay })
      .update({ replay: replay + 1, replay_from: fromBlock });
    return (await writeIfHeld(this.#database, [this.#database.fenced(row)])) !== null;
  }

  /** Forgets sinks that the definition names no more, with their dead letters. Throws FenceError. */
  async keepOnly(guard: SinkGuard, sinks: readonly NamedSink[]): Promise<void> {
    await this.#database.write([this.#holds(guard), ...forgetOtherSinks(this.#database.knex, guard.pipelineId, sinks)]);
  }

  #columns({ base, error, ...change }: SinkChange): Readonly<Record<string, unknown>> {
    const { knex, dialect } = this.#database;
    const columns = {
      place: change.place,
      sent_place: change.sentPlace,
      epoch: change.epoch,
      needs_version: change.needsVersion,
      cursor_block: change.cursorBlock,
      replay: change.replay,
      base_version: base?.version,
      base_block: base?.block,
      told_events: change.toldEvents === undefined ? undefined : JSON.stringify(change.toldEvents),
      failing_since:
        error === undefined
          ? undefined
          : error === null
            ? null
            : knex.raw('COALESCE(??, ?)', ['failing_since', dialect.now(knex)]),
      last_error: error ?? undefined,
      last_error_time: error === null || error === undefined ? undefined : dialect.now(knex),
    };
    return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
  }

  #checkpoint(guard: SinkGuard): Knex.QueryBuilder {
    return this.#checkpointOf(guard).where({ claim: guard.claim });
  }

  /** A promoted replica may give another process the same task id and claim: the task tells whose they are. */
  #checkpointOf({ pipelineId, taskId }: Omit<SinkGuard, 'claim'>): Knex.QueryBuilder {
    const { knex } = this.#database;
    const named = knex('pipeline_checkpoint').where({ pipeline_id: pipelineId, task_id: taskId });
    if (this.#holder === null) return named;
    // Also of one that a person has ended: what is on its way may arrive.
    const task = heldTask(this.#database, this.#holder).where({ id: taskId });
    return named.whereExists(task.select(knex.raw('1')));
  }

  /** The step that fails where the pipeline is another's; it waits for whoever commits. */
  #holds(guard: SinkGuard, claim = guard.claim): Statement {
    return this.#database.fenced(this.#checkpoint(guard).update({ claim }));
  }
}

/** Returns the steps that forget what a pipeline has of sinks but some, with their dead letters. */
export function forgetOtherSinks(knex: Knex, pipelineId: number, kept: readonly NamedSink[]): readonly Query[] {
  const others = knex(table).where({ pipeline_id: pipelineId });
  for (const { name, type } of kept) void others.whereNot((row) => void row.where({ name, type }));
  const left = knex(table).select('name').where({ pipeline_id: pipelineId });
  return [
    others.delete(),
    knex('sink_dead_letter').where({ pipeline_id: pipelineId }).whereNotIn('sink', left).delete(),
  ];
}

interface SinkRow {
  readonly pipeline_id: number;
  readonly name: string;
  readonly type: string;
  readonly paused: number | boolean;
  readonly epoch: string | null;
  readonly claim: number;
  readonly place: string | null;
  readonly sent_place: string | null;
  readonly base_version: number;
  readonly base_block: number;
  readonly told_events: string | null;
  readonly cursor_block: number | null;
  readonly replay: number;
  readonly replay_from: number | null;
  readonly failing_since: string | null;
  readonly failing_seconds: number | null;
  readonly last_error: string | null;
  readonly last_error_time: string | null;
  readonly dead_letters: number;
  readonly due_letters: number;
}

function toStanding(row: SinkRow): SinkStanding {
  return {
    pipelineId: row.pipeline_id,
    name: row.name,
    type: row.type,
    paused: Boolean(row.paused),
    epoch: row.epoch,
    claim: row.claim,
    place: row.place,
    sentPlace: row.sent_place,
    base: { version: row.base_version, block: row.base_block },
    toldEvents: row.told_events === null ? null : (JSON.parse(row.told_events) as readonly string[]),
    cursorBlock: row.cursor_block,
    replay: row.replay,
    replayFrom: row.replay_from,
    failing: row.failing_since !== null,
    failingSeconds: row.failing_since === null ? null : Math.max(0, row.failing_seconds ?? 0),
    lastError: row.last_error,
    lastErrorTime: toInstantOrNull(row.last_error_time),
    deadLetters: row.dead_letters,
    dueLetters: row.due_letters,
  };
}
