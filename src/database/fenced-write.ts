import type { Database, Query } from './database.js';
import { FenceError, type ScriptStep, type StepResult } from './script.js';

/** Writes steps as `Database.write` does, but returns null, with nothing written, where a fence of theirs did not hold. */
export async function writeIfHeld(
  database: Database,
  steps: readonly (Query | ScriptStep)[],
): Promise<readonly StepResult[] | null> {
  try {
    return await database.write(steps);
  } catch (error) {
    if (error instanceof FenceError) return null;
    throw error;
  }
}
