import type { EventMessage } from '../../model/event-message.js';
import type { Logger } from '../../runtime/logger.js';

/** What a stage is given for one batch. */
export interface StageContext {
  readonly logger: Logger;
  /** Tells that work moved, as a source does. */
  moved(): Promise<void>;
  readonly signal: AbortSignal;
}

/** Changes messages on their way from what is stored to the sinks below it. */
export interface Stage {
  /**
   * Returns a batch with its data changed, in the same order; what it leaves out is not delivered. It changes neither id
   * nor place, adds no message, and gives a `remove` the data of its `insert`. Where it throws, the batch is tried again.
   */
  map(messages: readonly EventMessage[], context: StageContext): Promise<readonly EventMessage[]>;
  close?(): Promise<void>;
}
