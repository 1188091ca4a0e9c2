import type { EventMessage } from '../../model/event-message.js';
import type { Call } from '../../runtime/call.js';
import type { Logger } from '../../runtime/logger.js';

/** What a stage is given for one batch. */
export interface StageContext extends Call {
  readonly logger: Logger;
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
