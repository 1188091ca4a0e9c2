import { resolve } from 'node:path';
import { existsSync, statSync } from 'node:fs';
import type { Database } from '../../database/database.js';
import { findByName } from '../../database/pipelines/pipeline-names.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import type { PipelineDefinition } from '../../model/pipeline.js';
import { loadDefinition } from '../../pipeline/definition/read-definition.js';
import { UsageError } from '../../runtime/errors.js';
import { previewPipeline } from '../../tasks/preview/preview-pipeline.js';
import { previewJson } from '../../tasks/preview/preview-stages.js';
import { checkNumber } from '../command-line/check-values.js';
import type { CommandBody } from '../command-line/command.js';
import type { CommandContext } from '../context/context.js';
import { withDatabase } from '../context/opened-databases.js';
import { previewLines } from '../texts/describe-preview.js';

export const command: CommandBody = {
  arguments: [{ name: 'pipeline', description: "the pipeline's id or name, or a definition, YAML or JSON" }],
  options: [
    { flags: '--block <n>', description: 'the events of this block', kind: 'number' },
    { flags: '--last <n>', description: 'the last events; 1 where nothing is said', kind: 'id' },
    { flags: '--event <json>', description: 'this event, as events export writes it', kind: 'text' },
  ],
  settings: ['rpc_urls', 'heartbeat_interval'],
  action: preview,
};

interface PreviewOptions {
  readonly pipeline: string;
  readonly block?: number;
  readonly last?: number;
  readonly event?: string;
}

/** What is previewed, and where its events may be stored; a definition in a file has none. */
interface Previewed {
  readonly id: number;
  readonly definition: PipelineDefinition;
  readonly database: Database | null;
}

/** Shows what every stage makes of real events; stores and sends nothing. */
async function preview(context: CommandContext, options: PreviewOptions): Promise<void> {
  const given = [options.block, options.last, options.event].filter((each) => each !== undefined);
  if (given.length > 1) throw new UsageError('--block, --last and --event exclude each other');
  const path = resolve(context.cwd, options.pipeline);
  if (isFile(options.pipeline, path)) {
    const definition = await load(context, path, options.pipeline);
    return show(context, options, { id: definition.id ?? 0, definition, database: null });
  }
  return withDatabase(context, async (database) => {
    const { pipeline: written } = options;
    const id = /^\d+$/.test(written) ? checkNumber('pipeline', 1, written) : await findByName(database, written);
    return show(context, options, { id, definition: await new PipelineStore(database).get(id), database });
  });
}

function isFile(written: string, path: string): boolean {
  if (/^\d+$/.test(written)) return false;
  // A folder may be named like a pipeline.
  return /[/\\]|\.(ya?ml|json)$/i.test(written) || (existsSync(path) && !statSync(path).isDirectory());
}

function load(context: CommandContext, path: string, name: string): Promise<PipelineDefinition> {
  return loadDefinition(path, {
    name,
    heartbeatIntervalSeconds: context.settings.heartbeatIntervalSeconds,
    storedAbi: async (id) => {
      const { AbiStore } = await import('../../database/pipelines/abi-store.js');
      return (await withDatabase(context, (database) => new AbiStore(database).get(id))).abi;
    },
  });
}

async function show(context: CommandContext, request: PreviewOptions, previewed: Previewed): Promise<void> {
  const { id, definition, database } = previewed;
  const { settings, clock, logger, signals, output } = context;
  const parts = { settings, clock, logger, signal: signals.stopping };
  const event = request.event === undefined ? undefined : { key: 'event', text: request.event };
  const result = await previewPipeline({ ...request, event }, { ...parts, definition, pipelineId: id, database });
  const named = { pipelineId: database === null ? definition.id : id, name: definition.name };
  if (output.isJson) await output.jsonText(`${previewJson(named, result)}\n`);
  else for (const line of previewLines(result, output.tableColumns)) await output.line(line);
  if (result.length === 0) output.note('no event was found');
}
