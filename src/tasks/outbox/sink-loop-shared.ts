import type { JournalStore } from '../../database/events/journal-store.js';
import type { DeadLetterStore } from '../../database/sinks/dead-letter-store.js';
import type { SinkStore } from '../../database/sinks/sink-store.js';
import type { EventOrigin } from '../../model/event-origin.js';
import type { SinkStanding } from '../../model/sink.js';
import type { Bell } from '../../runtime/bell.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { DeliveryNews } from './delivery-news.js';
import type { RunClaim } from './run-claim.js';

/** What all sinks of a run share. */
export interface SinkLoopShared {
  readonly guard: RunClaim;
  readonly epoch: string;
  readonly origin: EventOrigin;
  readonly journal: JournalStore;
  readonly sinks: SinkStore;
  readonly letters: DeadLetterStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes secrets out of a text. */
  readonly mask: (text: string) => string;
  readonly observe: (news: DeliveryNews) => void;
  /** Rings when something may be due. */
  readonly work: Bell;
  /** Rings when a sink has taken a batch, or stops taking any. */
  readonly moves: Bell;
  /** Rings when a person wants something else than before. */
  readonly wishes: Bell;
  /** What people want of a sink now; undefined where its row is gone. */
  readonly standingOf: (name: string) => SinkStanding | undefined;
  /** The newest block that the chain can't replace any more; -1 where that is not known. */
  readonly finalized: () => number;
  /** The chain has replaced what is yet to be final of what is stored. */
  readonly isReplaced: () => boolean;
  /** Nothing more will be stored: deliver what is due, and end once nobody is busy. */
  readonly isDraining: () => boolean;
  /** The sinks that may yet have something to deliver. */
  readonly busy: Set<object>;
  /** Aborted when the run shall end soon. */
  readonly stopping: AbortSignal;
  /** Aborted when calls in the air must be dropped. */
  readonly signal: AbortSignal;
}
