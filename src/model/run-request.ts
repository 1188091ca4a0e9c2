/** How a queued task is to run; what is left out is as the definition says. */
export interface RunRequest {
  readonly mode?: 'realtime' | 'historical' | undefined;
  /** First block, inclusive. */
  readonly fromBlock?: number | undefined;
  /** Last block, inclusive. */
  readonly toBlock?: number | undefined;
  /** Ignore the checkpoint and start over. */
  readonly fresh?: boolean | undefined;
  /** It has begun where it was asked to, and committed: who follows goes on from the checkpoint. */
  readonly begun?: boolean | undefined;
  /** Read nothing: deliver what is due to the sinks, and end. */
  readonly deliverOnly?: boolean | undefined;
  /** Where it delivers only: what the run before it was to begin anew with, and has not. The next one that reads is to. */
  readonly unbegun?: RunRequest | undefined;
  /** Workers queued it behind a task that ended or fell silent: it is not needed where that beats again. */
  readonly follows?: boolean | undefined;
  /** It goes on with a run that was handed over while another task waited, and is to run before that one. */
  readonly goesOn?: boolean | undefined;
}

/** The request of a task that waits to deliver only, as its row holds it. */
export const deliveryRequest = JSON.stringify({ deliverOnly: true } satisfies RunRequest);

/** What the row of any task holds that delivers only, as a pattern of SQL: one that has begun may say more behind it. */
export const deliveryPattern = `${deliveryRequest.slice(0, -1)}%`;

/** What the row of a task holds that goes on with a run before what waits already, as a pattern of SQL. */
export const goesOnPattern = '%"goesOn":true%';

/** The request of a task that workers queued, and nobody asked for, as its row holds it; one that is to begin elsewhere than at the checkpoint says so. */
export const followerRequest = JSON.stringify({ follows: true } satisfies RunRequest);

/** What the row of any task holds that workers queued behind another, as a pattern of SQL. */
export const followsPattern = '%"follows":true%';

/** Says whether a run is to begin elsewhere than at the checkpoint, which no other is to do once it has. */
export function beginsElsewhere({ fresh, fromBlock }: RunRequest): boolean {
  return fresh === true || fromBlock !== undefined;
}

/**
 * What is left of the wish for a run that came to nothing: where it was to begin, if it is yet to; nothing where it has begun. One
 * that delivered only leaves what the run before it has left.
 */
export function unbegun(request: RunRequest): RunRequest {
  if (request.deliverOnly === true) return request.unbegun ?? {};
  if (request.begun === true || !beginsElsewhere(request)) return {};
  const { mode, fromBlock, toBlock, fresh } = request;
  return { mode, fromBlock, toBlock, fresh };
}
