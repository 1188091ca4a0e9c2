import { DamagedDefinitionError, messageOf } from '../../runtime/errors.js';

/**
 * Returns why what stands in the tables is no definition, where that is what was thrown: another try, here or elsewhere,
 * finds nothing else. Null: it is something else that went wrong.
 */
export function refusalOf(error: unknown): string | null {
  const isMisshapen = error instanceof TypeError && !('code' in error);
  return isMisshapen || error instanceof DamagedDefinitionError
    ? `its definition is refused: ${messageOf(error)}`
    : null;
}
