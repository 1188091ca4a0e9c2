import type { ChainEvent, UndecodedLog } from './event.js';

/** An event as it is stored: with the chain that it was read from. Its contract's address is in lower case. */
export interface StoredEvent extends ChainEvent {
  readonly chainId: number;
}

/** A log that could not be decoded as it is stored: with the chain that it was read from. */
export interface StoredUndecodedLog extends UndecodedLog {
  readonly chainId: number;
}
