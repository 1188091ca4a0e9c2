import type { Database } from '../../src/database/database.js';

/** Who claims where `claimRequest` says nothing else. */
export const here = { name: 'here:1', identity: 'first' } as const;

/** To whom a task's id may be given: another process, or a later one with the same pid. */
export const others = [{ worker: 'there:2' }, { worker_identity: 'second' }] as const;

/** Has a running task be another process's, as where a server that had lost its claim has given its id to the other's. */
export async function giveAnew(
  database: Database,
  id: number,
  other: { readonly worker?: string; readonly worker_identity?: string } = others[0],
): Promise<void> {
  await database.write([database.knex('pipeline_task').where({ id }).update(other)]);
}
