import type { SinkKeys } from '../keys/sink.js';

export const formats = ['jsonl', 'csv', 'parquet'] as const;
export type FileFormat = (typeof formats)[number];

/** How files with columns hold an event's arguments. */
export const argumentForms = ['json', 'columns'] as const;

/** A file sink as it is stored: its keys, with what they say where they are left out. */
export interface FileSinkConfig extends SinkKeys {
  /** A folder, relative to that of a pipeline's files, or `s3://bucket/prefix`. */
  readonly path: string;
  readonly format: FileFormat;
  readonly arguments: (typeof argumentForms)[number];
  readonly rotate_blocks: number;
  readonly rotate_bytes: number;
  /** Null: a file waits for its blocks however long it takes. */
  readonly rotate_minutes: number | null;
  /** Null: not on S3. */
  readonly s3: S3Keys | null;
}

/** What a bucket is reached with; texts name variables. */
export interface S3Keys {
  /** Empty: that of Amazon's region. */
  readonly endpoint: string;
  readonly region: string;
  readonly access_key_id: string;
  readonly secret_access_key: string;
  /** Empty: none. */
  readonly session_token: string;
}
