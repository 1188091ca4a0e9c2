import type { SinkBatch, SinkContext, SinkCursor, Settled, StoredBatch } from '../../../src/components/seam/sink.js';
import type { Stage } from '../../../src/components/seam/stage.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import type { OpenableSink } from '../../../src/tasks/outbox/openable-sink.js';

/** A message as a line: op, block and log, and its rank. */
function lineOf({ op, place, rank }: EventMessage): string {
  return `${op} ${place.blockNumber}:${place.logIndex} ${rank}`;
}

/** A receiver in memory: it has what it was sent, and does what the test says. */
export class RecordingSink {
  readonly batches: SinkBatch[] = [];
  readonly settled: Settled[] = [];
  /** Batches that it took from where their events lie. */
  readonly stored: StoredBatch[] = [];
  /** Set: says of such a batch whether it takes it. */
  takesStored: ((batch: StoredBatch) => boolean) | undefined = undefined;
  /** Called before a batch is taken; what it throws is thrown. */
  receives: (batch: SinkBatch, context: SinkContext) => Promise<void> | void = () => undefined;
  /** Called once it is taken: what it throws is an answer that was lost. */
  answers: (batch: SinkBatch) => Promise<void> | void = () => undefined;
  opened = 0;
  stages: readonly Stage[] = [];
  /** Set: it keeps its cursor beside what it was sent, which each batch must fit. */
  held: SinkCursor | null | undefined = undefined;

  get lines(): string[] {
    return this.messages.map(lineOf);
  }

  get messages(): EventMessage[] {
    return this.batches.flatMap(({ messages }) => messages);
  }

  /** What a receiver has that drops repetitions, and of each id takes what the highest number says: its data by id. */
  get state(): Map<string, string> {
    const newest = new Map<string, EventMessage>();
    for (const message of this.messages) {
      if (message.seq > (newest.get(message.id)?.seq ?? -1)) newest.set(message.id, message);
    }
    return new Map([...newest].flatMap(([id, { op, data }]) => (op === 'insert' ? [[id, data.text] as const] : [])));
  }

  openable(changes: Partial<OpenableSink> = {}): OpenableSink {
    return {
      ...{ name: 'out', type: 'recording', eventNames: null, delivery: 'latest', start: 'beginning' },
      ...{ batchSize: 3, maxAttempts: 3, events: [] },
      open: () => {
        this.opened += 1;
        const sink = { deliver: this.#deliver, close: () => Promise.resolve() };
        const claims = this.held === undefined ? {} : { claim: () => Promise.resolve(this.held ?? null) };
        const stored = this.takesStored === undefined ? {} : { deliverStored: this.#deliverStored };
        return Promise.resolve({ stages: this.stages, sink: { ...sink, ...claims, ...stored } });
      },
      ...changes,
    };
  }

  readonly #deliverStored = (batch: StoredBatch): Promise<boolean> => {
    const isTaken = this.takesStored?.(batch) === true;
    if (isTaken) this.stored.push(batch);
    return Promise.resolve(isTaken);
  };

  readonly #deliver = async (batch: SinkBatch, context: SinkContext): Promise<void> => {
    await this.receives(batch, context);
    if (this.held !== undefined) {
      if (this.held?.place !== batch.before?.place) throw new Error(`expected ${this.held?.place ?? 'nothing'}`);
      this.held = batch.after;
    }
    this.batches.push(batch);
    await this.answers(batch);
  };
}
