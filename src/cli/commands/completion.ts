import { AlertStore } from '../../database/operations/alert-store.js';
import type { Database } from '../../database/database.js';
import { PipelineStore } from '../../database/pipelines/pipeline-store.js';
import { listTasks } from '../../database/tasks/task-listing.js';
import { UsageError } from '../../runtime/errors.js';
import { completionRows } from '../completion/completion-rows.js';
import { bashCompletion, fishCompletion, zshCompletion } from '../completion/completion-scripts.js';
import type { CommandContext } from '../context/context.js';
import type { CommandBody } from '../command-line/command.js';
import { completableKinds, type CompletableKind } from '../context/command-outline.js';
import { withDatabase } from '../context/opened-databases.js';

export const command: CommandBody = {
  arguments: [{ name: 'shell', description: 'bash, zsh or fish', choices: ['bash', 'zsh', 'fish'], optional: true }],
  options: [
    {
      flags: '--values <kind>',
      description: 'print what the database has of a kind, one a line, as the scripts ask for it',
      choices: completableKinds,
    },
    { flags: '--pipeline <id>', description: 'with --values sink: those of this pipeline', kind: 'pipeline' },
  ],
  action: printCompletion,
};

interface CompletionOptions {
  readonly shell?: keyof typeof scripts;
  readonly values?: CompletableKind;
  readonly pipeline?: number;
}

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** Prints the completion script of a shell, or what such a script asks for. */
async function printCompletion(context: CommandContext, options: CompletionOptions): Promise<void> {
  const { commands, output } = context;
  const { shell, values: kind } = options;
  if (kind !== undefined) {
    const all = await withDatabase(context, (database) => readValues(database, kind, context, options.pipeline));
    const values = all.filter(isPlain);
    if (output.isJson) await output.json({ kind, values });
    else for (const value of values) await output.line(value);
    return;
  }
  if (shell === undefined) throw new UsageError('which shell? bash, zsh or fish');
  const script = scripts[shell](completionRows(await commands()));
  if (output.isJson) await output.json({ shell, script });
  else await output.write(script);
}

/** Tasks and alerts that are offered: the newest. */
const most = 50;

async function readValues(
  database: Database,
  kind: CompletableKind,
  { settings }: CommandContext,
  pipelineId?: number,
): Promise<readonly string[]> {
  if (kind === 'pipeline') {
    const pipelines = await new PipelineStore(database).list();
    return pipelines.flatMap(({ id, name }) => [name, String(id)]);
  }
  if (kind === 'sink') {
    const { readSinks } = await import('../../tasks/views/sink-view.js');
    return (await readSinks(database, settings.heartbeatIntervalSeconds, pipelineId)).map(({ name }) => name);
  }
  if (kind === 'task') return (await listTasks(database, { limit: most, offset: 0 })).map(({ id }) => String(id));
  return (await new AlertStore(database).list({ all: false, limit: most })).alerts.map(({ id }) => String(id));
}

/** A shell takes what is offered for its own text: a name with blanks is not one word, and one with a `$` would be run. */
function isPlain(value: string): boolean {
  return /^[\p{L}\p{N}_.@:+-]+$/u.test(value);
}
