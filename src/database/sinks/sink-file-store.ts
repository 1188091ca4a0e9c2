import { LeaseLostError } from '../../runtime/errors.js';
import type { Database, Query } from '../database.js';
import { writeIfHeld } from '../fenced-write.js';

const table = 'sink_file';

/** Whose files, and by which right: the epoch and the claim of the pipeline's checkpoint. */
export interface SinkFileOwner {
  readonly pipelineId: number;
  readonly sink: string;
  readonly epoch: string;
  readonly claim: number;
}

/** A file that is about to be written. */
export interface PlannedFile {
  readonly name: string;
  readonly fromBlock: number;
  readonly toBlock: number;
  /** Which writing of these blocks it is. */
  readonly generation: number;
}

/** The rows of `sink_file`: what sinks were about to write. */
export class SinkFileStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Lists what a sink was about to write last, by name. */
  async list({ pipelineId, sink }: Pick<SinkFileOwner, 'pipelineId' | 'sink'>): Promise<readonly PlannedFile[]> {
    const rows = await this.#database.read<PlannedRow[]>((knex) =>
      knex(table).where({ pipeline_id: pipelineId, sink }).orderBy('file_name'),
    );
    return rows.map((row) => ({
      name: row.file_name,
      fromBlock: row.from_block,
      toBlock: row.to_block,
      generation: row.generation,
    }));
  }

  /** Notes what is about to be written, in the place of what was. Throws LeaseLostError where the pipeline is another's. */
  async plan(owner: SinkFileOwner, files: readonly PlannedFile[]): Promise<void> {
    const { knex } = this.#database;
    const key = { pipeline_id: owner.pipelineId, sink: owner.sink };
    const rows = files.map(({ name, fromBlock, toBlock, generation }) => ({
      ...{ ...key, file_name: name, from_block: fromBlock, to_block: toBlock, generation, claim: owner.claim },
    }));
    const inserts = rows.length === 0 ? [] : [knex(table).insert(rows)];
    await this.#write(owner, [knex(table).where(key).delete(), ...inserts]);
  }

  /** Throws LeaseLostError where the pipeline is another's by now. */
  async check(owner: SinkFileOwner): Promise<void> {
    await this.#write(owner, []);
  }

  async #write({ pipelineId, epoch, claim }: SinkFileOwner, steps: readonly Query[]): Promise<void> {
    const held = this.#database
      .knex('pipeline_checkpoint')
      .where({ pipeline_id: pipelineId, epoch, claim })
      .update({ claim });
    if ((await writeIfHeld(this.#database, [this.#database.fenced(held), ...steps])) === null) {
      throw new LeaseLostError(`pipeline ${pipelineId} is another's: nothing more is written for it here`);
    }
  }
}

interface PlannedRow {
  readonly file_name: string;
  readonly from_block: number;
  readonly to_block: number;
  readonly generation: number;
}
