import type { AskTargets } from '../pipeline/definition/definition-options.js';
import { askDefinitionTargets } from '../tasks/outbox/definition-targets.js';
import type { ApiParts } from './api-parts.js';

/**
 * Makes what asks the targets of a definition that a caller sent, for the pipeline of an id or, where that is null, the one that
 * it names: in this database alone. What a caller writes leads this process to no other server, and reads none of its variables.
 */
export function askOwnTargets(
  { database, clock }: Pick<ApiParts, 'database' | 'clock'>,
  id: number | null,
): AskTargets {
  const parts = { clock, variables: { env: {}, remember: () => undefined }, asksElsewhere: false };
  return (read) => askDefinitionTargets(database, { ...read, id: id ?? read.id }, parts);
}
