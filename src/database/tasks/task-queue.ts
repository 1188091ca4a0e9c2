import type { Knex } from 'knex';
import { goesOnPattern, type RunRequest } from '../../model/run-request.js';
import { keptReason, taskStatus } from '../../model/task.js';
import type { Database } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';
import { holdStarted } from '../task-steps/wanted-steps.js';
import { livingTasks } from '../task-steps/living-tasks.js';
import { definitionOf, lockPipeline, ofDefinition, readRequest } from '../task-steps/queue-task.js';

const table = 'pipeline_task';

/** A task that waits to be run. */
export interface QueuedTask {
  readonly taskId: number;
  readonly pipelineId: number;
  /** The shard of its history that it reads; 0: it is the pipeline's own task. */
  readonly shard: number;
}

/** What a task that waits is to be run with, as it stood when it was read. */
export interface Asked {
  readonly request: RunRequest;
  /** The text of its row that `request` was read from. */
  readonly runOptions: string | null;
  /** Names the definition that its pipeline had: an import gives it another. */
  readonly definition: number;
}

/** Why nobody can run a pipeline as its definition stands. */
export interface Refusal {
  readonly reason: string;
  /** The definition that was read, as `Asked` names it. */
  readonly definition: number;
}

/** The tasks that wait: rows of `pipeline_task` until somebody claims them. */
export class TaskQueue {
  readonly #database: Database;
  readonly #defaultIntervalSeconds: number;

  /** Running tasks that name no heartbeat interval are judged by the default. */
  constructor(database: Database, defaultIntervalSeconds: number) {
    this.#database = database;
    this.#defaultIntervalSeconds = defaultIntervalSeconds;
  }

  /**
   * Lists of each pipeline and shard that nobody holds the task that waits longest, in their order, or what goes on before it; some
   * pipelines aside. Pipelines come first, then shards, those that join first before others; last of each pipeline the shard
   * that joins next of those that wait: where there is no room for it, the pipeline's own task reads it, and need not wait.
   * Whoever is silent holds nothing, if for so many seconds, in which runs could be heard without a break, three of its beats were
   * to come.
   */
  async listClaimable(
    limit: number,
    except: readonly number[],
    heardForSeconds = Infinity,
  ): Promise<readonly QueuedTask[]> {
    const rows = await this.#database.read<{ id: number; pipeline_id: number; shard: number }[]>((knex: Knex) => {
      const [pipelineId, shard] = ['waiting.pipeline_id', 'waiting.shard'].map((column) => knex.raw('??', [column]));
      const defaultSeconds = this.#defaultIntervalSeconds;
      const holders = livingTasks(this.#database, pipelineId ?? 0, defaultSeconds, shard, heardForSeconds);
      return knex({ waiting: table })
        .where('waiting.status', taskStatus.queued)
        .whereNotIn('waiting.pipeline_id', [...except])
        .whereNotExists(holders.select(knex.raw('1')))
        .groupBy('waiting.pipeline_id', 'waiting.shard')
        .select('waiting.pipeline_id', 'waiting.shard', { id: this.#first() })
        .orderBy([{ column: this.#turn() }, 'waiting.shard', 'id'])
        .limit(limit);
    });
    return rows.map((row) => ({ taskId: row.id, pipelineId: row.pipeline_id, shard: row.shard }));
  }

  /** Orders what waits: pipelines (0), then shards (1), but for the one that its pipeline's own task would read itself (2). */
  #turn(): Knex.Raw {
    const { knex } = this.#database;
    const next = knex({ next: table })
      .where('next.pipeline_id', knex.ref('waiting.pipeline_id'))
      .where('next.status', taskStatus.queued)
      .where('next.shard', '>', 0)
      .min('next.shard');
    const shard = 'waiting.shard';
    return knex.raw('CASE WHEN ?? = 0 THEN 0 WHEN ?? > (?) THEN 1 ELSE 2 END', [shard, shard, next]);
  }

  /** Of tasks that wait for one another: the one that goes on with what was handed over, else the one that waits longest. */
  #first(): Knex.Raw {
    const goesOn = 'MIN(CASE WHEN ?? LIKE ? THEN ?? END)';
    const bindings = ['waiting.run_options', goesOnPattern, 'waiting.id', 'waiting.id'];
    return this.#database.knex.raw(`COALESCE(${goesOn}, MIN(??))`, bindings);
  }

  /** Returns what a task is to be run with; a row of another program asks for nothing. */
  async asked(taskId: number): Promise<Asked> {
    const [row] = await this.#database.read<{ run_options: string | null; definition: number | null }[]>((knex) => {
      const definition = definitionOf(this.#database, knex.ref('pipeline_task.pipeline_id'));
      return knex(table).select('run_options', { definition }).where({ id: taskId });
    });
    const runOptions = row?.run_options ?? null;
    return { request: readRequest(runOptions), runOptions, definition: row?.definition ?? 0 };
  }

  /**
   * Ends a task that waits because a definition is refused, whoever runs it, and has its pipeline wait for a person. Does
   * nothing where it waits no more, or the pipeline has another definition by now.
   */
  async refuse({ taskId, pipelineId }: QueuedTask, refusal: Refusal): Promise<void> {
    const { knex, dialect } = this.#database;
    const { definition } = refusal;
    const reason = keptReason(refusal.reason);
    const refused = { status: taskStatus.failed, end_reason: 'refused', error: reason, end_time: dialect.now(knex) };
    const waiting = knex(table).where({ id: taskId, status: taskStatus.queued });
    await writeIfHeld(this.#database, [
      // Whoever mends it has done so by now, or lets go what is held here.
      lockPipeline(this.#database, pipelineId),
      this.#database.fenced(ofDefinition(this.#database, waiting, pipelineId, definition).update(refused)),
      holdStarted(this.#database, pipelineId, reason),
    ]);
  }

  /** Keeps why a worker can't run a task that waits. */
  async keepReason(taskId: number, reason: string): Promise<void> {
    const { knex } = this.#database;
    const waiting = knex(table).where({ id: taskId, status: taskStatus.queued });
    await this.#database.write([waiting.update({ waiting_for: keptReason(reason) })]);
  }
}
