import { openFileSink } from '../../../src/components/file-sink/open-file-sink.js';
import type { FileSinkConfig } from '../../../src/components/file-sink/config.js';
import { fileSinkSchema } from '../../../src/components/file-sink/schema.js';
import type { EventFields } from '../../../src/components/seam/component.js';
import type { Sink, SinkContext } from '../../../src/components/seam/sink.js';
import type { Database } from '../../../src/database/database.js';
import type { EventMessage } from '../../../src/model/event-message.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { FakeClock } from '../../support/fake-clock.js';

export const claim = { epoch: 'a'.repeat(32), claim: 1 };

export interface OpeningOptions {
  readonly database: Database;
  readonly dataFolder: string;
  readonly events?: readonly EventFields[];
}

/** Opens a sink as a run would, with keys as in a definition. */
export async function openSink(
  keys: Readonly<Record<string, unknown>>,
  { database, dataFolder, events = [] }: OpeningOptions,
): Promise<Sink> {
  const config: FileSinkConfig = await fileSinkSchema.parseAsync(keys);
  const opening = { pipelineId: 45, name: 'lake', installation: 'i', clock: new FakeClock(), logger: silentLogger };
  return openFileSink(config, { ...opening, database, dataFolder, events });
}

/** Makes the only holder of pipeline 45. */
export async function holdPipeline(database: Database, { epoch, claim: number } = claim): Promise<void> {
  const row = { pipeline_id: 45, version: 1, epoch, claim: number, start_block: 0, block_number: 1_000 };
  await database.write([
    database.knex('pipeline_checkpoint').where({ pipeline_id: 45 }).delete(),
    database.knex('pipeline_checkpoint').insert(row),
  ]);
}

/** A context of which blocks hold these messages. */
export function contextOf(messages: readonly EventMessage[] = []): SinkContext {
  return {
    logger: silentLogger,
    signal: new AbortController().signal,
    moved: () => undefined,
    inserts: async function* ({ from, to }) {
      await Promise.resolve();
      yield messages.filter(({ place }) => place.blockNumber >= from && place.blockNumber <= to);
    },
  };
}

export function batchOf(messages: readonly EventMessage[], place: string) {
  const blocks = messages.map((message) => message.place.blockNumber);
  const after = { ...claim, place };
  return { messages, fromBlock: Math.min(...blocks), toBlock: Math.max(...blocks), before: null, after };
}
