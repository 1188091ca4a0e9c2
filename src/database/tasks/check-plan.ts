import type { Database } from '../database.js';
import type { QueryPlan } from '../driver.js';
import { TimeoutStore } from './timeout-store.js';
import type { TimeoutRule } from './timeout-store.js';

/** How the database would look for silent tasks. */
export interface CheckPlan extends QueryPlan {
  /** Indexes on status and last heartbeat, which serve a check however many tasks there are. */
  readonly fitting: readonly string[];
}

/** Asks the database how it would run the list of silent tasks with which a check begins. */
export async function readCheckPlan(database: Database, rule: TimeoutRule): Promise<CheckPlan> {
  const plan = await new TimeoutStore(database).explainSilent(rule, 200);
  const indexes = await database.withSchema((schema) => schema.indexes('pipeline_task'));
  const fitting = [...indexes].filter(([, [first, second]]) => first === 'status' && second === 'last_heartbeat');
  return { ...plan, fitting: fitting.map(([name]) => name) };
}
