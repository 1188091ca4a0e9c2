import type { Knex } from 'knex';

/** Narrows tasks to those that have begun: one that somebody stopped before has changed nothing. An older program names no worker. */
export function hasBegun(tasks: Knex.QueryBuilder): void {
  void tasks.where((task) => {
    void task.whereNotNull('worker').orWhereNotNull('last_heartbeat').orWhereNull('end_reason');
    void task.orWhereNot({ end_reason: 'stopped' });
  });
}
