import { askTargets } from '../../components/ask-targets.js';
import type { TargetFinding } from '../../components/ask-targets.js';
import type { VariableSource } from '../../components/seam/variables.js';
import type { Database } from '../../database/database.js';
import { listByName } from '../../database/pipelines/pipeline-names.js';
import { readInstallation } from '../../database/schema/read-installation.js';
import type { ReadSinks } from '../../pipeline/definition/definition-options.js';
import type { Clock } from '../../runtime/clock.js';

/** What the targets of a definition are asked with. */
export interface TargetParts {
  readonly clock: Clock;
  readonly variables: VariableSource;
  /** The folder under which a pipeline's files are; absolute. */
  readonly dataFolder: string;
  /** False: nothing but the pipeline's own database and that folder is asked. */
  readonly asksElsewhere: boolean;
}

/** Asks the targets of a definition's sinks what its first run would be refused for: they are another sink's. */
export async function askDefinitionTargets(
  database: Database,
  { id, name, components }: ReadSinks,
  { variables, ...parts }: TargetParts,
): Promise<readonly TargetFinding[]> {
  const stored = id === null && name !== null ? await listByName(database, name) : [];
  const pipelineId = id ?? stored[0]?.id ?? null;
  const installation = await readInstallation(database);
  return askTargets(components, { opening: { ...parts, database, installation, pipelineId }, variables });
}
