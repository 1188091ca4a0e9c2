import type { Knex } from 'knex';

/** Narrows tasks to those that have begun: one that somebody stopped, or took from the queue, before has changed nothing. An older program names no worker. */
export function hasBegun(tasks: Knex.QueryBuilder): void {
  void tasks.where((task) => {
    void task.whereNotNull('worker').orWhereNotNull('last_heartbeat').orWhereNull('end_reason');
    void task.orWhereNotIn('end_reason', ['stopped', 'handed_over']);
  });
}
