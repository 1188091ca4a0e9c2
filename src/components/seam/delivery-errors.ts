import { RuntimeFailure, UsageError, errorClass } from '../../runtime/errors.js';
import type { ErrorOptions } from '../../runtime/errors.js';

/** A receiver will never take these messages as they are: whoever delivers looks for the one that is meant. */
export class MessageRefusedError extends errorClass('MESSAGE_REFUSED', 1) {}

/** It shows before any of a batch is sent that the receiver will never take one of its messages. */
export class RefusedUnsentError extends MessageRefusedError {}

/** A receiver can't be what the sink's definition asks for: nothing is waited for, a person has to change one of them. */
export class UnfitReceiverError extends UsageError {}

/** A receiver has the first messages of a batch for good, and takes the rest when it is asked again. */
export class TakenInPartError extends errorClass('TAKEN_IN_PART', 1, { retryable: true }) {
  /** How many it has: one at least. */
  readonly taken: number;

  constructor(taken: number) {
    super(`the receiver has taken ${taken} messages of a batch, and not yet the rest`);
    this.taken = taken;
  }
}

/** What a target holds is not what this sink left there last: it is closed, and claimed anew before anything is written. */
export class TargetChangedError extends errorClass('TARGET_CHANGED', 1, { retryable: true }) {}

/** A target holds nothing of what was delivered: only a person knows whether that is away or gone. */
export class TargetLostError extends RuntimeFailure {}

/** A receiver can't take messages now. */
export class ReceiverAwayError extends errorClass('RECEIVER_AWAY', 1, { retryable: true }) {
  /** When it wants to be asked again, in milliseconds from now; undefined where it did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}
