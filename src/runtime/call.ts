/** What a call that waits is given: how it is cut short, and who hears that it moves. */
export interface Call {
  readonly signal: AbortSignal;
  /** Tells that work moved: after each good answer of a node. What it throws ends the call. */
  readonly moved: () => Promise<void>;
}

/** Returns a call that nobody listens to. */
export function quietCall(signal: AbortSignal): Call {
  return { signal, moved: () => Promise.resolve() };
}
