import type { AbiFragment } from '../../model/pipeline.js';
import type { JsonValue } from '../../model/event-message.js';

/** Of which block's state a call is: the event's, the newest one, or any, because the answer never changes. */
export type BlockChoice = 'event' | 'latest' | 'immutable';

/** A call that is made for events. */
export interface CallConfig {
  /** Null: for every event. */
  readonly eventName: string | null;
  /** An address in lower case, or a path into the event. */
  readonly target: { readonly address: string } | { readonly path: string };
  readonly method: AbiFragment;
  /** Literals, and paths into the event. */
  readonly params: readonly JsonValue[];
  /** The field that the answer becomes; null: those that are named after the method. */
  readonly resultKey: string | null;
  readonly block: BlockChoice;
}

/** A contract caller as it is stored. */
export interface ContractCallerConfig {
  readonly calls: readonly CallConfig[];
}

/** Returns the fields that a call's answer becomes. */
export function resultKeys({ resultKey, method: { name = '' } }: CallConfig): readonly string[] {
  return resultKey === null ? [name, `${name}_result`] : [resultKey];
}
