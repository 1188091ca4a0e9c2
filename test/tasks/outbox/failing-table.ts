import { ReceiverAwayError } from '../../../src/components/seam/delivery-errors.js';
import type { Sink } from '../../../src/components/seam/sink.js';
import type { Database } from '../../../src/database/database.js';
import type { OpenableSink } from '../../../src/tasks/outbox/openable-sink.js';
import { fieldsOf, SinkFixture } from '../../components/table-sink/sink-fixture.js';
import type { OutboxRuns } from './outbox-fixture.js';

/** What goes wrong with a delivery: before it, or behind it. */
export type Fault = 'away' | 'lost' | 'killed' | 'killed after' | 'refused';

const transfer = fieldsOf('Transfer(uint256 value)');

/** A table of the pipeline's own database; what leads to it fails as a test says. */
export class FailingTable {
  readonly #database: Database;
  readonly #owner: { readonly pipelineId: number; readonly name: string };
  readonly #table: string;
  #before: () => void = () => undefined;
  #behind: () => void = () => undefined;
  /** How many batches were copied from where their events lie. */
  copied = 0;

  constructor(database: Database, pipelineId: number) {
    this.#database = database;
    this.#owner = { pipelineId, name: 'table' };
    this.#table = `table_${pipelineId}`;
  }

  /** Has deliveries fail, by their number; what would be refused is away: a table takes every row. */
  fails(runs: OutboxRuns, faults: readonly { readonly at: number; readonly fault: Fault }[]): void {
    let [count, fault]: [number, Fault | undefined] = [-1, undefined];
    this.#before = () => {
      count += 1;
      fault = faults.find(({ at }) => at === count)?.fault;
      if (fault === 'killed') runs.kill();
      if (fault === 'away' || fault === 'refused') throw new ReceiverAwayError('away');
    };
    this.#behind = () => {
      if (fault === 'killed after') runs.kill();
      if (fault === 'lost') throw new ReceiverAwayError('no answer');
    };
  }

  openable(): OpenableSink {
    return {
      ...{ name: this.#owner.name, type: 'table_sink', eventNames: null, delivery: 'latest', start: 'beginning' },
      ...{ batchSize: 3, maxAttempts: 1, events: [] },
      open: async () => {
        const { sink } = await SinkFixture.open(this.#database, transfer, { table: this.#table }, this.#owner);
        return { stages: [], sink: this.#failing(sink) };
      },
    };
  }

  /** The rows, in the order of the chain. */
  async rows(): Promise<readonly string[]> {
    const rows = await this.#database.read<Record<string, unknown>[]>((knex) =>
      knex(this.#table).orderBy(['block_number', 'log_index']),
    );
    return rows.map((row) => ['block_number', 'log_index', 'block_hash', 'value'].map((name) => row[name]).join(' '));
  }

  #failing(sink: Sink): Sink {
    return {
      claim: (claim, context) => sink.claim!(claim, context),
      deliver: async (batch, context) => {
        this.#before();
        await sink.deliver(batch, context);
        this.#behind();
      },
      deliverStored: async (batch, context) => {
        this.#before();
        const isDone = await sink.deliverStored!(batch, context);
        if (!isDone) return false;
        this.copied += 1;
        this.#behind();
        return true;
      },
      close: () => sink.close(),
    };
  }
}
