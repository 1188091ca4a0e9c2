import type { StoredStretch } from '../../database/events/stored-stretch.js';
import type { BlockRange } from '../../model/block.js';
import type { EventMessage } from '../../model/event-message.js';
import type { Logger } from '../../runtime/logger.js';

/** A place between messages of a pass: up to there all is delivered. Opaque to sinks, but that they may have to keep it. */
export interface SinkCursor {
  /** The checkpoint's epoch, by which a database that was restored or promoted is known. */
  readonly epoch: string;
  /** Grows with every holder of the pipeline's lease. */
  readonly claim: number;
  /** The text of the place; two are equal or not, and nothing else. */
  readonly place: string;
}

/** Messages that are delivered together: after a crash the same ones come again, in the same batch. */
export interface SinkBatch {
  /** In the order in which the receiver must have them: for each contract that of the chain. */
  readonly messages: readonly EventMessage[];
  /** Its first and last block; removes come before inserts, so that messages need not ascend. */
  readonly fromBlock: number;
  readonly toBlock: number;
  /** Where the sink stands before it, and once it is delivered. */
  readonly before: SinkCursor | null;
  readonly after: SinkCursor;
}

/** Events that are delivered together as they lie in the pipeline's database. */
export interface StoredBatch {
  readonly events: StoredStretch;
  /** Where the sink stands once they are delivered. */
  readonly after: SinkCursor;
}

/** What a sink is given for one delivery. */
export interface SinkContext {
  readonly logger: Logger;
  /**
   * Reads, in the order of the chain, what some blocks hold once the pass is over to which the batch belongs, as the stages
   * make it: for a target that is written anew in pieces. The same pass gives the same messages again.
   */
  inserts(blocks: BlockRange): AsyncIterable<readonly EventMessage[]>;
  /** This run has gone on from the target before: what it lists may have been lost since, and is looked for. */
  readonly wasClaimed?: boolean;
  /** By its row something was delivered for good, and nobody wants it sent again: a target that holds none of it has lost it. */
  readonly mustHold?: boolean;
  /**
   * Tells that a call moves: what it may take at most, some minutes, begins anew. Who knows that the next step may take longer,
   * for it has a limit of its own, says so in milliseconds. A sink whose calls are short needs not call it.
   */
  readonly moved: (ownMs?: number) => void;
  /**
   * Says whether the sink still is to deliver: one that hands a batch over in many steps ends between two of them with
   * TakenInPartError where it is not. Left out: it is.
   */
  readonly goesOn?: () => boolean;
  /** Aborted when calls in the air must be dropped; the sink then throws the signal's reason. */
  readonly signal: AbortSignal;
}

/** All that is due has been handed to a sink. */
export interface Settled {
  /** Up to this block: what lies below it has all come. */
  readonly block: number;
  /** Where the sink stands. */
  readonly cursor: SinkCursor;
  /** Nothing more will come in this run. */
  readonly ends: boolean;
}

/** Delivers messages. It keeps nothing back: who calls it decides what is tried again, and when. */
export interface Sink {
  /**
   * Resolves once the receiver has all of a batch for good. Throws MessageRefusedError where the receiver will never take
   * it as it is: its halves are then tried, down to the message that is refused; and TakenInPartError where it has the first
   * ones: the rest then comes at once, as a batch of its own. Whatever else it throws means that the
   * receiver can't be reached now: the batch is tried again for as long as it takes.
   */
  deliver(batch: SinkBatch, context: SinkContext): Promise<void>;
  /**
   * Delivers events that no stage changes from where they lie, which spares the run making messages of them. Resolves with
   * false where it can't, with nothing delivered: their messages come then. What it throws means what it does for
   * `deliver`. Left out: it wants messages.
   */
  deliverStored?(batch: StoredBatch, context: SinkContext): Promise<boolean>;
  /**
   * Claims the target and returns the cursor that it keeps beside what was delivered: of a target that moves both at once,
   * which makes each message land exactly once. Throws ClaimedLaterError where a higher claim of the same epoch stands, and
   * TargetLostError, with nothing written, where it holds nothing and must. Whatever throws TargetChangedError has it claimed anew. Left out: the pipeline's database keeps the cursor.
   */
  claim?(claim: Omit<SinkCursor, 'place'>, context: SinkContext): Promise<SinkCursor | null>;
  /**
   * Told when all that is due has been handed over: a sink that gathers what it got, to write it in larger pieces, finishes
   * what is ripe, and all of it where the run ends. What it throws is treated as for `deliver`.
   */
  settle?(settled: Settled, context: SinkContext): Promise<void>;
  /** The last block that the target holds for good, where a sink gathers; null: none yet. */
  readonly keptBlock?: number | null;
  /** Nothing is left in the target of what was delivered, where a sink gathers: that may well be so before its first file. */
  readonly isEmpty?: boolean;
  /** The place of the cursor that `claim` would return now, where a sink gathers; null: none. Who prunes keeps what lies behind it. */
  readonly keptPlace?: string | null;
  /** Lets connections go. May be called twice. */
  close(): Promise<void>;
}
