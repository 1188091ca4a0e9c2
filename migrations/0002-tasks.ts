import type { ColumnToAdd, Migration, Schema, SchemaChange } from './schema.js';
import { addColumns, createIndex, createTable } from './table-changes.js';

const table = 'pipeline_task';
const comment = '最后心跳时间';
const heartbeatIndex = 'idx_pipeline_task_heartbeat';
/** What a timeout check looks for: those that run, the most silent first. */
const heartbeatColumns = ['status', 'last_heartbeat', 'create_time'];

const lastHeartbeat = 'last_heartbeat';

function ours({ types }: Schema): readonly ColumnToAdd[] {
  return [
    { name: 'timeout_minutes', type: types.double },
    { name: 'heartbeat_interval', type: types.double },
    { name: 'worker', type: types.string(255) },
    { name: 'worker_identity', type: types.string(128) },
    { name: 'end_time', type: types.instant },
    { name: 'end_reason', type: types.string(64) },
    { name: 'error', type: types.text },
    { name: 'progress', type: types.text },
  ];
}

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
    builder.specificType('create_time', schema.types.instant).notNullable();
    builder.specificType('status', schema.types.small).notNullable();
    builder.string('log_path', 1024).nullable();
    builder.specificType(lastHeartbeat, schema.types.instant).nullable().comment(comment);
    for (const { name, type } of ours(schema)) builder.specificType(name, type).nullable();
  });
}

async function adopt(schema: Schema): Promise<readonly SchemaChange[]> {
  return [
    ...(await addColumns(schema, table, [{ name: lastHeartbeat, type: schema.types.instant, comment }])),
    ...(await addComment(schema)),
    await fillHeartbeats(schema),
    ...(await addColumns(schema, table, ours(schema))),
  ];
}

async function addComment(schema: Schema): Promise<readonly SchemaChange[]> {
  const column = (await schema.columns(table)).get(lastHeartbeat);
  // A task that has just begun has no heartbeat.
  if (column === undefined || (column.comment === comment && column.nullable)) return [];
  return schema.addComment(table, lastHeartbeat, column, comment);
}

/** Columns that a server touches by itself on every UPDATE are set to what they are: no row changes otherwise. */
async function fillHeartbeats(schema: Schema): Promise<SchemaChange> {
  const columns = [...(await schema.columns(table))];
  const kept = columns
    .filter(([, { onUpdate }]) => onUpdate)
    .map(([name]) => `, ${schema.quote(name)} = ${schema.quote(name)}`);
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
