import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { apiAccess } from '../components/definition-access.js';
import { AbiStore } from '../database/pipelines/abi-store.js';
import type { PipelineDefinition } from '../model/pipeline.js';
import type { DefinitionOptions } from '../pipeline/definition/definition-options.js';
import { parseDefinition } from '../pipeline/definition/read-definition.js';
import { askDefinitionTargets } from '../tasks/outbox/definition-targets.js';
import { OneAtATime } from '../runtime/one-at-a-time.js';
import type { ApiParts } from './api-parts.js';
import { mostNodes } from './read-json.js';

/** However many definitions are sent at once, other requests get their turn between two of them. */
const reading = new OneAtATime();

interface SentOptions extends Pick<DefinitionOptions, 'name' | 'isLenient'> {
  /** Of the pipeline that it is for; null: the one that it names. */
  readonly id: number | null;
}

/**
 * Reads a definition that a caller sent. Of its targets this database and the folder of pipelines' files alone are asked: what a
 * caller writes leads this process to no other server and no other file, and reads none of its variables.
 */
export function readSentDefinition(
  { database, clock, cwd, settings }: ApiParts,
  text: string,
  { id, ...named }: SentOptions,
): Promise<PipelineDefinition> {
  const variables = { env: {}, remember: () => undefined };
  const dataFolder = resolve(cwd, settings.dataDir);
  const options: DefinitionOptions = {
    ...named,
    mostNodes,
    access: apiAccess(settings, cwd),
    heartbeatIntervalSeconds: settings.heartbeatIntervalSeconds,
    storedAbi: async (abi) => (await new AbiStore(database).get(abi)).abi,
    askTargets: (read) =>
      askDefinitionTargets(
        database,
        { ...read, id: id ?? read.id },
        { clock, variables, dataFolder, asksElsewhere: false },
      ),
    surroundings: {
      ...{ workingFolder: cwd, dataFolder, database: settings.databaseUrl, variables },
      realPath: (path) => path,
    },
  };
  return reading.run(async () => {
    await setImmediate();
    return parseDefinition(text, null, options);
  });
}
