import type { EventFields, SinkDescription } from '../../components/seam/component.js';
import type { Sink } from '../../components/seam/sink.js';
import type { Stage } from '../../components/seam/stage.js';
import type { VariableSource } from '../../components/seam/variables.js';
import type { PipelineSink } from '../../components/sinks-of.js';
import type { Database } from '../../database/database.js';
import { readInstallation } from '../../database/schema/read-installation.js';
import type { ChainAccess } from '../../chain/chains.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Settings } from '../../settings/settings.js';

/** A sink and the stages above it, opened for one loop. */
export interface OpenedSink {
  readonly sink: Sink;
  readonly stages: readonly Stage[];
}

/** A sink of a pipeline that a run can open, again after it was closed. */
export interface OpenableSink extends SinkDescription {
  readonly name: string;
  readonly type: string;
  /** What reaches it of each of the events that the source knows. */
  readonly events: readonly EventFields[];
  open(): Promise<OpenedSink>;
}

export interface OpeningParts {
  /** The process that runs tasks. */
  readonly host: {
    readonly database: Database;
    readonly settings: Settings;
    readonly clock: Clock;
    /** What definitions may name as `${NAME}`. */
    readonly variables: VariableSource;
  };
  readonly pipelineId: number;
  readonly chain: ChainAccess | null;
  /** An absolute path. */
  readonly dataFolder: string;
  readonly logger: Logger;
}

/** Makes the sinks of a pipeline openable in a run. */
export function openableSinks(sinks: readonly PipelineSink[], parts: OpeningParts): readonly OpenableSink[] {
  return sinks.map((sink) => ({ ...sink, open: () => openSink(sink, parts) }));
}

async function openSink(sink: PipelineSink, parts: OpeningParts): Promise<OpenedSink> {
  const { pipelineId, chain, dataFolder, logger } = parts;
  const { database, clock, variables } = parts.host;
  const installation = await readInstallation(database);
  const stages = await sink.openStages({ pipelineId, database, chain });
  const opening = { pipelineId, installation, database, dataFolder, clock, logger };
  return { stages, sink: await sink.open(opening, variables) };
}

/** Closes what was opened; what goes wrong then is nobody's concern any more. */
export async function closeSink({ sink, stages }: OpenedSink): Promise<void> {
  await Promise.allSettled([sink.close(), ...stages.map((stage) => stage.close?.())]);
}
