import { resolve } from 'node:path';
import type { DefinitionOptions } from '../pipeline/definition/definition-options.js';
import { askDefinitionTargets } from '../tasks/outbox/definition-targets.js';
import type { ApiParts } from './api-parts.js';

/**
 * Returns what the targets of a definition that a caller sent are judged by, for the pipeline of an id or, where that is null, the
 * one that it names: this database alone is asked. What a caller writes leads this process to no other server and no file, and
 * reads none of its variables.
 */
export function ownTargets(
  { database, clock, cwd, settings }: Pick<ApiParts, 'database' | 'clock' | 'cwd' | 'settings'>,
  id: number | null,
): Pick<DefinitionOptions, 'askTargets' | 'surroundings'> {
  const variables = { env: {}, remember: () => undefined };
  const dataFolder = resolve(cwd, settings.dataDir);
  return {
    askTargets: (read) =>
      askDefinitionTargets(database, { ...read, id: id ?? read.id }, { clock, variables, asksElsewhere: false }),
    surroundings: {
      ...{ workingFolder: cwd, dataFolder, database: settings.databaseUrl, variables },
      realPath: (path) => path,
    },
  };
}
