import type { SinkKeys } from '../keys/sink.js';

/** A table sink as it is stored. */
export interface TableSinkConfig extends SinkKeys {
  /** A database's URL; undefined: the pipeline's own. */
  readonly database?: string | undefined;
  /** `TABLE` or `SCHEMA.TABLE`. */
  readonly table: string;
  /** The columns of each index. */
  readonly indexes: readonly (readonly string[])[];
}
