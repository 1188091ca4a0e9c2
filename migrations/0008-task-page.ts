import type { Migration } from './schema.js';
import { createIndex } from './table-changes.js';

/** An index that finds a page of a pipeline's tasks with one status, where the pipeline has many of another. */
export const taskPage: Migration = {
  name: '0008-task-page',
  changes: (schema) =>
    createIndex(schema, 'pipeline_task', 'idx_pipeline_task_pipeline_page', ['pipeline_id', 'status', 'id']),
};
