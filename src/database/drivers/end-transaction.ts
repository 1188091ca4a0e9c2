import type { Schema } from '../../../migrations/schema.js';

/** Ends the transaction that a schema's connection has begun: with all that work has done in it, or with nothing. */
export async function endTransaction<T>(schema: Schema, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    await schema.run('COMMIT');
    return result;
  } catch (error) {
    // SQLite has rolled back by itself where the disk is full: what went wrong first is what counts.
    await schema.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
