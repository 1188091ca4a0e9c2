import { normalize } from 'node:path';
import type { Keys, Row, SinkKind } from '../seam/component.js';
import { describeSink } from '../keys/sink.js';
import type { FileSinkConfig } from './config.js';

/** The sink that writes files: JSON lines, CSV or Parquet, in a folder or on S3. */
export const fileSink: SinkKind<FileSinkConfig> = {
  type: 'file_sink',
  role: 'sink',
  schema: async () => (await import('./schema.js')).fileSinkSchema,
  keys: fileSinkKeys,
  rows: fileSinkRows,
  describe: describeSink,
  fills: ({ path, s3 }) => ({ key: 'path', name: JSON.stringify([normalize(`${path}/`), s3?.endpoint]) }),
  open: async (config, opening) => (await import('./open-file-sink.js')).openFileSink(config, opening),
};

function fileSinkKeys({ s3, arguments: form, rotate_minutes: minutes, ...config }: FileSinkConfig): Keys {
  const columns = config.format === 'jsonl' ? {} : { arguments: form };
  const time = minutes === null ? {} : { rotate_minutes: minutes };
  const given = Object.entries(s3 ?? {}).filter(([, value]) => value !== '');
  return { ...config, ...columns, ...time, ...Object.fromEntries(given) };
}

function fileSinkRows(config: FileSinkConfig): readonly Row[] {
  const { rotate_blocks: blocks, rotate_bytes: bytes, rotate_minutes: minutes } = config;
  const time = minutes === null ? '' : `, ${minutes} min`;
  return [
    ['path', config.path],
    ['format', config.format],
    ['arguments', config.format === 'jsonl' ? null : config.arguments],
    ['new file after', `${blocks} blocks, ${bytes} bytes${time}`],
  ];
}
