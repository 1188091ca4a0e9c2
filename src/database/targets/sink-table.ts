import type { TargetColumn } from '../target-dialect.js';

/** The table that keeps the cursors of sinks, in each schema with tables that sinks fill. */
export const sinkTableName = 'chainparse_sink';

/** Its key. */
export const sinkKey = ['installation', 'pipeline_id', 'sink'] as const;

const name = { kind: 'name', length: 255 } as const;
const int64 = { kind: 'int64' } as const;
const text = { kind: 'text' } as const;

/** Its columns: whose cursor, of which table, who may move it, and the cursor itself. */
export const sinkColumns: readonly TargetColumn[] = [
  { name: 'installation', type: { kind: 'ascii', length: 32 }, nullable: false },
  { name: 'pipeline_id', type: int64, nullable: false },
  { name: 'sink', type: name, nullable: false },
  { name: 'table_name', type: name, nullable: false },
  { name: 'epoch', type: name, nullable: false },
  { name: 'claim', type: int64, nullable: false },
  { name: 'cursor_epoch', type: name, nullable: true },
  { name: 'cursor_claim', type: int64, nullable: true },
  { name: 'cursor_place', type: text, nullable: true },
  { name: 'update_time', type: { kind: 'time' }, nullable: true },
];
