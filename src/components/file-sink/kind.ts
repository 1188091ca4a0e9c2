import { normalize, resolve } from 'node:path';
import type { Keys, Row, SinkKind, Surroundings } from '../seam/component.js';
import { describeSink, sinkConfigKeys } from '../keys/sink.js';
import type { FileSinkConfig } from './config.js';

/** The sink that writes files: JSON lines, CSV or Parquet, in a folder or on S3. */
export const fileSink: SinkKind<FileSinkConfig> = {
  type: 'file_sink',
  role: 'sink',
  schema: async () => (await import('./schema.js')).fileSinkSchema,
  keys: fileSinkKeys,
  rows: fileSinkRows,
  describe: describeSink,
  fills: (config, surroundings) => ({ key: 'path', name: placeOf(config, surroundings) }),
  form: ({ format, arguments: form }) => (format === 'jsonl' ? format : `${format} ${form}`),
  refusal: async (config, opening) => (await import('./target-owner.js')).folderRefusal(config, opening),
  open: async (config, opening) => (await import('./open-file-sink.js')).openFileSink(config, opening),
};

function placeOf({ path, s3 }: FileSinkConfig, surroundings: Surroundings | null): string {
  if (s3 !== null) return JSON.stringify([normalize(`${path}/`), s3.endpoint]);
  return surroundings === null ? normalize(`${path}/`) : surroundings.realPath(resolve(surroundings.dataFolder, path));
}

function fileSinkKeys({ s3, arguments: form, rotate_minutes: minutes, ...config }: FileSinkConfig): Keys {
  const columns = config.format === 'jsonl' ? {} : { arguments: form };
  const time = minutes === null ? {} : { rotate_minutes: minutes };
  const given = Object.entries(s3 ?? {}).filter(([, value]) => value !== '');
  return { ...sinkConfigKeys(config), ...columns, ...time, ...Object.fromEntries(given) };
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
