/**
 * What went wrong with a portal's answer. `away`: there is none, or it broke off before its first block; `busy`: asked too
 * often, or it has no room now; `malformed`: it does not hold what was asked for; `fork`: it holds another chain's block than
 * the one that was read before; `disproved`: a node tells
 * the same blocks otherwise; `refused`: asking again does not help.
 */
export type PortalErrorClass = 'away' | 'busy' | 'malformed' | 'fork' | 'disproved' | 'refused';

interface PortalErrorOptions {
  readonly class: PortalErrorClass;
  /** How long the portal wants to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** How long it took to fail, in milliseconds. */
  readonly tookMs?: number;
  /** The first block of the data set, where lower ones were asked for. */
  readonly beginsAt?: number | undefined;
  /** The portal can be reached and works: it only has its reasons. */
  readonly isAnswer?: boolean;
  readonly cause?: unknown;
}

/** A portal did not answer, or not what was asked for. */
export class PortalError extends Error {
  readonly class: PortalErrorClass;
  readonly retryAfterMs: number | undefined;
  readonly tookMs: number;
  readonly beginsAt: number | undefined;
  readonly isAnswer: boolean;

  constructor(
    message: string,
    { class: kind, retryAfterMs, tookMs = 0, beginsAt, isAnswer = false, cause }: PortalErrorOptions,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PortalError';
    this.class = kind;
    this.retryAfterMs = retryAfterMs;
    this.tookMs = tookMs;
    this.beginsAt = beginsAt;
    this.isAnswer = isAnswer;
  }
}

/** Returns the error of an answer that does not hold what was asked for. */
export function malformed(message: string): PortalError {
  return new PortalError(message, { class: 'malformed' });
}
