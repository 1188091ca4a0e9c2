import { resolve } from 'node:path';
import { AbiStore } from '../../database/pipelines/abi-store.js';
import { WantedStore } from '../../database/pipelines/wanted-store.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import type { Database } from '../../database/database.js';
import { BatchStore } from '../../database/events/batch-store.js';
import { listTasks } from '../../database/tasks/task-listing.js';
import type { Task } from '../../model/task.js';
import { wantedText } from '../../model/wanted.js';
import { waitingText, type Waiting } from '../../model/waiting.js';
import type { PipelineDefinition } from '../../model/pipeline.js';
import { realPath } from '../../runtime/real-path.js';
import { loadDefinition } from '../../pipeline/definition/read-definition.js';
import { nameProblem } from '../../pipeline/definition/pipeline-name.js';
import { DatabaseUnreachableError, NotMigratedError, UsageError, problemText } from '../../runtime/errors.js';
import type { FileProblem, Problem } from '../../runtime/errors.js';
import { definitionKeys } from '../../pipeline/definition/definition-keys.js';
import type { ReadSinks } from '../../pipeline/definition/definition-options.js';
import type { VariableSource } from '../../components/seam/variables.js';
import type { TargetFinding } from '../../components/ask-targets.js';
import { updateDefinition } from '../../tasks/outbox/update-definition.js';
import type { Updated } from '../../tasks/outbox/update-definition.js';
import { askDefinitionTargets } from '../../tasks/outbox/definition-targets.js';
import { Schedules } from '../../tasks/fleet/schedules.js';
import { readStanding } from '../../tasks/lease/parked.js';
import { readSinks } from '../../tasks/views/sink-view.js';
import { pipelineToJson } from '../../tasks/views/pipeline-json.js';
import type { CommandContext } from '../context/context.js';
import { describePipeline } from '../texts/describe-pipeline.js';
import { withDatabase } from '../context/opened-databases.js';
import { textsIn } from '../../texts/texts.js';
import type { CommandBody } from '../command-line/command.js';
import type { ArgumentSpec, OptionSpec } from '../context/command-outline.js';

const id: ArgumentSpec = { name: 'id', description: "the pipeline's id or name", kind: 'pipeline' };
const file: ArgumentSpec = { name: 'file', description: 'a definition, YAML or JSON', kind: 'path' };

const lenientOption: OptionSpec = {
  flags: '--lenient',
  description: "warn of what the older program's definitions get wrong; on by itself where the file is one of them",
};

/** Commands about pipelines' definitions. */
export const command: CommandBody = {
  commands: [
    {
      name: 'import',
      summary: 'store a definition; prints its id',
      arguments: [file],
      options: [
        { flags: '--id <n>', description: 'store it under this id, whatever the file says', kind: 'id' },
        { flags: '--name <name>', description: 'store it under this name, whatever the file says', kind: 'text' },
        { flags: '--update', description: 'replace the definition of that id, else of that name; keep its events' },
        lenientOption,
      ],
      // A timeout_minutes must be three of them or more.
      settings: ['heartbeat_interval'],
      action: importPipeline,
    },
    {
      name: 'list',
      summary: 'list all pipelines: what is wanted of each, and what it does',
      load: () => import('./pipeline-list.js'),
    },
    { name: 'show', summary: 'show a pipeline', arguments: [id], action: showPipeline },
    {
      name: 'export',
      summary: 'print a definition that can be imported again, its ABIs in it',
      arguments: [id],
      action: exportPipeline,
    },
    {
      name: 'validate',
      summary: 'check a definition without storing it',
      arguments: [file],
      options: [lenientOption],
      settings: ['heartbeat_interval'],
      action: validatePipeline,
    },
    {
      name: 'preview',
      summary: 'show what every stage makes of real events; stores and sends nothing',
      load: () => import('./pipeline-preview.js'),
    },
    {
      name: 'start',
      summary: 'have the workers keep it running, whatever happens to its tasks',
      load: async () => ({ command: (await import('./pipeline-wanted.js')).wantedCommand('start') }),
    },
    {
      name: 'stop',
      summary: 'end its tasks, and have nobody run it',
      load: async () => ({ command: (await import('./pipeline-wanted.js')).wantedCommand('stop') }),
    },
    {
      name: 'restart',
      summary: 'hand its task over to a new one',
      load: async () => ({ command: (await import('./pipeline-wanted.js')).wantedCommand('restart') }),
    },
    { name: 'enable', summary: 'let it run again', arguments: [id], action: enablePipeline },
    { name: 'disable', summary: 'keep it from running', arguments: [id], action: disablePipeline },
    {
      name: 'rewind',
      summary: 'take back all rows above a block, so that a run reads them again',
      load: () => import('./pipeline-rewind.js'),
    },
    { name: 'delete', summary: 'delete a pipeline with its tasks and events', arguments: [id], action: deletePipeline },
  ],
};

interface FileOption {
  readonly file: string;
  readonly lenient?: boolean;
  /** What the pipeline will be stored under, whatever the file says. */
  readonly id?: number;
  readonly name?: string;
}

/** A definition that was read, and what of it is worth a word. */
interface Loaded {
  readonly definition: PipelineDefinition;
  readonly warnings: readonly FileProblem[];
}

interface ImportOptions extends FileOption {
  readonly update?: boolean;
}

interface IdOption {
  readonly id: number;
}

/** Stores the definition in a file; prints the pipeline's id. */
async function importPipeline(context: CommandContext, options: ImportOptions): Promise<void> {
  const { update = false } = options;
  const { definition: inFile, warnings } = await load(context, options);
  const definition = { ...inFile, id: options.id ?? inFile.id, name: readName(options.name) ?? inFile.name };
  const { id, warnings: more } = await withDatabase(context, (database) => store(database, definition, update));
  const { output } = context;
  for (const { message, hint } of more) output.note(`warning: ${message}: ${hint}`);
  if (output.isJson) {
    return output.json({ pipeline_id: id, name: definition.name, ...warningsJson([...warnings, ...more]) });
  }
  await output.line(String(id));
  output.note(`pipeline ${id} imported: ${definition.name} (${componentsOf(definition)})`);
}

async function store(database: Database, definition: PipelineDefinition, update: boolean): Promise<Updated> {
  if (!update) return { id: await new PipelineStore(database).import(definition), warnings: [] };
  const updated = await updateDefinition(database, definition);
  await new Schedules(database).keep(updated.id);
  return updated;
}

function readName(written: string | undefined): string | null {
  const name = written?.trim();
  if (name === undefined) return null;
  const problem = nameProblem(name);
  if (problem !== null) throw new UsageError(`--name '${name}' ${problem}`);
  return name;
}

/** Checks the definition in a file. */
async function validatePipeline(context: CommandContext, options: FileOption): Promise<void> {
  const { definition, warnings } = await load(context, options);
  const { output } = context;
  if (output.isJson) {
    return output.json({ valid: true, pipeline_id: definition.id, name: definition.name, ...warningsJson(warnings) });
  }
  await output.line(`${options.file}: valid: ${definition.name} (${componentsOf(definition)})`);
}

/** Shows a pipeline: what matters for people, all of it as JSON. */
async function showPipeline(context: CommandContext, { id }: IdOption): Promise<void> {
  const { heartbeatIntervalSeconds: interval } = context.settings;
  const { pipeline, standing, task, wanted, newestStoredBlock } = await withDatabase(context, async (database) => ({
    pipeline: await new PipelineStore(database).get(id),
    wanted: await new WantedStore(database, interval).get(id),
    standing: await readStanding(database, id),
    task: await readNewestTask(database, id),
    newestStoredBlock: await new BatchStore(database).newestStoredBlock(id),
  }));
  const { output } = context;
  const waiting = task?.waiting ?? undefined;
  const withoutCode = task?.progress?.withoutCode ?? [];
  if (output.isJson) {
    const shown = pipelineToJson(pipeline, { ...standing, wanted });
    const missing = withoutCode.length === 0 ? {} : { without_code: withoutCode };
    return output.json({ ...shown, waiting_for: textOf(waiting, 'en'), ...missing });
  }
  const wantedLine = wanted === null ? null : wantedText(wanted, output.lang);
  const sights = { waitingFor: textOf(waiting, output.lang), wanted: wantedLine, newestStoredBlock, withoutCode };
  for (const line of describePipeline(pipeline, standing, sights, output.lang)) await output.line(line);
}

async function readNewestTask(database: Database, pipelineId: number): Promise<Task | undefined> {
  const [task] = await listTasks(database, { pipelineId, shard: 0, limit: 1, offset: 0 });
  return task;
}

function textOf(waiting: Waiting | undefined, lang: 'en' | 'zh'): string | null {
  return waiting === undefined ? null : waitingText(waiting, lang);
}

/** Prints a definition as YAML, or as JSON, in the form that can be imported again. */
async function exportPipeline(context: CommandContext, { id }: IdOption): Promise<void> {
  const pipeline = await withStore(context, (store) => store.get(id));
  if (context.output.isJson) return context.output.json(definitionKeys(pipeline));
  const { printDefinition } = await import('../../pipeline/definition/print-definition.js');
  await context.output.data(printDefinition(pipeline));
}

/** Lets a pipeline run again. */
function enablePipeline(context: CommandContext, { id }: IdOption): Promise<void> {
  return setDisabled(context, id, false);
}

/** Keeps a pipeline from being started; a run that goes on goes on. */
function disablePipeline(context: CommandContext, { id }: IdOption): Promise<void> {
  return setDisabled(context, id, true);
}

async function setDisabled(context: CommandContext, id: number, disabled: boolean): Promise<void> {
  await withStore(context, (store) => store.setDisabled(id, disabled));
  if (context.output.isJson) return context.output.json({ pipeline_id: id, disabled });
  context.output.note(`pipeline ${id} ${disabled ? 'disabled' : 'enabled'}`);
}

/** Deletes a pipeline with all that belongs to it. */
async function deletePipeline(context: CommandContext, { id }: IdOption): Promise<void> {
  const { settings, output } = context;
  const sinks = await withDatabase(context, async (database) => {
    const found = await readSinks(database, settings.heartbeatIntervalSeconds, id);
    await new PipelineStore(database).delete(id, settings.heartbeatIntervalSeconds);
    return found;
  });
  if (output.isJson) {
    const left = sinks.map(({ name, type }) => ({ name, type, target: 'left' }));
    return output.json({ pipeline_id: id, deleted: true, ...(left.length === 0 ? {} : { sinks: left }) });
  }
  output.note(`pipeline ${id} deleted`);
  for (const { name, type } of sinks) output.note(textsIn(output.lang).sinks.left(name, type));
}

async function load(context: CommandContext, { file, lenient = false, id, name }: FileOption): Promise<Loaded> {
  const warnings: FileProblem[] = [];
  const definition = await loadDefinition(resolve(context.cwd, file), {
    name: file,
    isLenient: lenient,
    onWarning: (warning) => warnings.push(warning),
    heartbeatIntervalSeconds: context.settings.heartbeatIntervalSeconds,
    // The database is needed, and opened, only where a definition refers to it.
    storedAbi: async (abi) => (await withDatabase(context, (database) => new AbiStore(database).get(abi))).abi,
    surroundings: {
      workingFolder: context.cwd,
      dataFolder: dataFolderOf(context),
      database: context.settings.databaseUrl,
      variables: variablesOf(context),
      realPath,
    },
    askTargets: (read) => askTargets(context, { ...read, id: id ?? read.id, name: name ?? read.name }),
  });
  for (const warning of warnings) context.output.note(`warning: ${problemText(warning)}`);
  return { definition, warnings };
}

/** A database that is not there, or holds no tables yet, has given none away. */
async function askTargets(context: CommandContext, read: ReadSinks): Promise<readonly TargetFinding[]> {
  try {
    const place = { dataFolder: dataFolderOf(context), asksElsewhere: true };
    const parts = { clock: context.clock, variables: variablesOf(context), ...place };
    return await withDatabase(context, (database) => askDefinitionTargets(database, read, parts), 'in-memory');
  } catch (error) {
    if (error instanceof NotMigratedError) return [];
    if (!(error instanceof DatabaseUnreachableError)) throw error;
    const message = `whether another pipeline fills a table or a folder of its sinks is not known: ${error.message}`;
    return [{ path: ['components'], message, isRefused: false }];
  }
}

function dataFolderOf({ cwd, settings }: CommandContext): string {
  return resolve(cwd, settings.dataDir);
}

function variablesOf({ secrets, variables: env }: CommandContext): VariableSource {
  return { env, remember: (value) => secrets.remember(value) };
}

function warningsJson(warnings: readonly Problem[]): object {
  return warnings.length === 0 ? {} : { warnings };
}

function withStore<T>(context: CommandContext, work: (store: PipelineStore) => Promise<T>): Promise<T> {
  return withDatabase(context, (database) => work(new PipelineStore(database)));
}

function componentsOf({ components }: PipelineDefinition): string {
  return components.length === 1 ? '1 component' : `${components.length} components`;
}
