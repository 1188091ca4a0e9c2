import type { Migration, Schema, SchemaChange } from '../src/database/schema/schema.js';
import { addColumns, createIndex, createTable } from './table-changes.js';
import type { ColumnToAdd } from './table-changes.js';

const table = 'pipeline_task';
const comment = '最后心跳时间';
const heartbeatIndex = 'idx_pipeline_task_heartbeat';
/** What a timeout check looks for: those that run, the most silent first. */
const heartbeatColumns = ['status', 'last_heartbeat', 'create_time'];

const lastHeartbeat: ColumnToAdd = {
  name: 'last_heartbeat',
  mysql: `DATETIME NULL COMMENT '${comment}'`,
  sqlite: 'datetime',
};

const ours: readonly ColumnToAdd[] = [
  { name: 'timeout_minutes', mysql: 'DOUBLE NULL', sqlite: 'double' },
  { name: 'heartbeat_interval', mysql: 'DOUBLE NULL', sqlite: 'double' },
  { name: 'worker', mysql: 'VARCHAR(255) CHARACTER SET utf8mb4 NULL', sqlite: 'varchar(255)' },
  { name: 'worker_identity', mysql: 'VARCHAR(128) CHARACTER SET utf8mb4 NULL', sqlite: 'varchar(128)' },
  { name: 'end_time', mysql: 'DATETIME NULL', sqlite: 'datetime' },
  { name: 'end_reason', mysql: 'VARCHAR(64) CHARACTER SET utf8mb4 NULL', sqlite: 'varchar(64)' },
  { name: 'error', mysql: 'TEXT CHARACTER SET utf8mb4 NULL', sqlite: 'text' },
  { name: 'progress', mysql: 'TEXT CHARACTER SET utf8mb4 NULL', sqlite: 'text' },
];

/**
 * Tasks with a heartbeat. An older program's `pipeline_task` is adopted: it gets `last_heartbeat` with its comment,
 * filled from `create_time` for the rows that are there, the index, and our columns beside its own.
 */
export const tasks: Migration = {
  name: '0002-tasks',
  async changes(schema) {
    const changes = (await schema.hasTable(table)) ? await adopt(schema) : await create(schema);
    return [
      ...changes,
      ...(await createIndex(schema, table, heartbeatIndex, heartbeatColumns)),
      ...(await indexForChecks(schema)),
      // The shortest timeout of those that run, at a glance.
      ...(await createIndex(schema, table, 'idx_pipeline_task_timeout', ['status', 'timeout_minutes'])),
      ...(await createIndex(schema, table, 'idx_pipeline_task_pipeline', ['pipeline_id', 'id'])),
    ];
  },
};

function create(schema: Schema): Promise<readonly SchemaChange[]> {
  return createTable(schema, table, (builder) => {
    builder.increments('id');
    builder.bigInteger('pipeline_id').notNullable();
    builder.specificType('create_time', 'datetime').notNullable();
    builder.specificType('status', schema.isMysql ? 'tinyint' : 'integer').notNullable();
    builder.string('log_path', 1024).nullable();
    const heartbeat = builder.specificType('last_heartbeat', 'datetime').nullable();
    if (schema.isMysql) heartbeat.comment(comment);
    for (const column of ours) builder.specificType(column.name, schema.isMysql ? column.mysql : column.sqlite);
  });
}

async function adopt(schema: Schema): Promise<readonly SchemaChange[]> {
  return [
    ...(await addColumns(schema, table, [lastHeartbeat])),
    ...(await addComment(schema)),
    await fillHeartbeats(schema),
    ...(await addColumns(schema, table, ours)),
  ];
}

async function addComment(schema: Schema): Promise<readonly SchemaChange[]> {
  const column = (await schema.columns(table)).get(lastHeartbeat.name);
  if (!schema.isMysql || column === undefined) return [];
  // A task that has just begun has no heartbeat.
  if (column.comment === comment && column.nullable) return [];
  const sql = `ALTER TABLE \`${table}\` MODIFY COLUMN \`${lastHeartbeat.name}\` ${column.type} NULL COMMENT '${comment}'`;
  return [
    { text: `add the comment of ${table}.${lastHeartbeat.name}`, sql: `${sql}, ALGORITHM=INSTANT`, fallback: sql },
  ];
}

/** Columns that a server touches by itself on every UPDATE are set to what they are: no row changes otherwise. */
async function fillHeartbeats(schema: Schema): Promise<SchemaChange> {
  const columns = [...(await schema.columns(table))];
  const kept = columns.filter(([, { onUpdate }]) => onUpdate).map(([name]) => `, \`${name}\` = \`${name}\``);
  return {
    text: `set ${table}.last_heartbeat = create_time for the rows that have none`,
    sql: `UPDATE ${table} SET last_heartbeat = create_time${kept.join('')} WHERE last_heartbeat IS NULL`,
  };
}

/** An older program's index is on `last_heartbeat` alone and stays; checks want one that leads with `status`. */
async function indexForChecks(schema: Schema): Promise<readonly SchemaChange[]> {
  const present = (await schema.hasTable(table)) ? await schema.indexes(table) : new Map<string, readonly string[]>();
  const older = present.get(heartbeatIndex);
  if (older === undefined || older[0] === 'status') return [];
  return createIndex(schema, table, 'idx_pipeline_task_status', heartbeatColumns);
}
