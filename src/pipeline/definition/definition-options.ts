import type { Registry } from '../../components/registry.js';
import type { StoredAbi } from './resolve-abi.js';

/** What a definition is read with. */
export interface DefinitionOptions {
  /** Finds the ABIs that definitions refer to as `abi_id:N`. */
  readonly storedAbi: StoredAbi;
  /** The heartbeat interval, in seconds: a timeout must be three of them or more. */
  readonly heartbeatIntervalSeconds: number;
  /** How errors call the file; its path where left out. */
  readonly name?: string;
  /** The kinds of components that it may name; left out: those of this version. */
  readonly kinds?: Registry;
}
