import type { Migration } from './schema.js';
import { addColumns } from './table-changes.js';

/**
 * What a definition says of restarts and of times. `next_start_of` is the schedule that `next_start` is a time of, NULL where
 * it is none's; `last_slot` when a task was queued for one last, `skipped_slot` the newest one at which a run still went on. A
 * worker tells where it is, which version it is, and which chains it reaches: names, as a JSON list; `identity` is that of the
 * process, as its tasks have it.
 */
export const schedules: Migration = {
  name: '0019-schedules',
  async changes(schema) {
    const { types } = schema;
    return [
      ...(await addColumns(schema, 'pipeline', [
        { name: 'restart', type: types.string(16) },
        { name: 'schedule', type: types.string(255) },
        { name: 'time_zone', type: types.string(64) },
      ])),
      ...(await addColumns(schema, 'pipeline_wanted', [
        { name: 'next_start_of', type: types.string(320) },
        { name: 'last_slot', type: types.instant },
        { name: 'skipped_slot', type: types.instant },
      ])),
      ...(await addColumns(schema, 'worker', [
        { name: 'host', type: types.string(255) },
        { name: 'identity', type: types.string(128) },
        { name: 'version', type: types.string(64) },
        { name: 'chains', type: types.text },
      ])),
    ];
  },
};
