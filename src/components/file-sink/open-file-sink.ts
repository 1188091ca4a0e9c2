import { JournalStore } from '../../database/events/journal-store.js';
import { SinkFileStore } from '../../database/sinks/sink-file-store.js';
import type { EventMessage } from '../../model/event-message.js';
import { csvWriter } from '../../runtime/rows/csv.js';
import { jsonlWriter } from '../../runtime/rows/jsonl.js';
import type { SinkOpening } from '../seam/component.js';
import type { Sink } from '../seam/sink.js';
import { columnsOf } from './columns.js';
import type { FileSinkConfig } from './config.js';
import { FileSink } from './file-sink.js';
import { FileTarget } from './file-target.js';
import { openStore } from './open-store.js';
import type { MakeWriter } from './work-file.js';

/** Opens a file sink; nothing is touched before it is claimed. */
export async function openFileSink(config: FileSinkConfig, opening: SinkOpening): Promise<Sink> {
  const { pipelineId, name, installation, database, clock } = opening;
  const store = await openStore(config, opening);
  const owner = { installation, pipeline_id: pipelineId, sink: name };
  const target = new FileTarget({ store, plans: new SinkFileStore(database), owner, format: config.format });
  const journal = new JournalStore(database);
  return new FileSink({
    ...{ target, store, clock },
    workshop: { workPath: () => store.workPath(), makeWriter: await writersOf(config, opening) },
    rotation: {
      blocks: config.rotate_blocks,
      bytes: config.rotate_bytes,
      afterMs: config.rotate_minutes === null ? null : config.rotate_minutes * 60_000,
    },
    firstBlock: async () =>
      config.start === 'now' ? null : ((await journal.current(pipelineId))?.blocks?.from ?? null),
  });
}

async function writersOf(config: FileSinkConfig, { events }: SinkOpening): Promise<MakeWriter> {
  const { format } = config;
  if (format === 'jsonl') return (target) => jsonlWriter(target, ({ data }: EventMessage) => data.text);
  const columns = columnsOf(events, config.arguments);
  if (format === 'csv') return (target) => csvWriter(target, columns);
  const { ParquetRowWriter } = await import('../../runtime/rows/parquet.js');
  return (target) => new ParquetRowWriter(target, columns, 'event');
}
