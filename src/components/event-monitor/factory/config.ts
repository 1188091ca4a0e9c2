import type { AbiFragment } from '../../../model/pipeline.js';

/** Contracts that announce others by an event, in one of its arguments. */
export interface FactoryConfig {
  /** Their addresses in lower case; or a factory of its own: then they are its children. */
  readonly factory: readonly string[] | FactoryConfig;
  /** The event that announces a child. */
  readonly event: AbiFragment;
  /** The path of the argument that holds the child's address, without `args.`. */
  readonly parameter: string;
  /** The first block in which announcements are looked for. */
  readonly startBlock: number;
}
