import type { Command } from './command-line/command.js';
import { optionName } from './command-line/options.js';
import type { CommandContext } from './context/context.js';
import { withDatabase } from './context/opened-databases.js';

type Values = Readonly<Record<string, unknown>>;

/**
 * Returns a command's values with the id of each pipeline that was named. Throws NotFoundError where none has the name, and
 * UsageError where several have it.
 */
export async function resolvePipelines(
  command: Command,
  values: Values,
  context: Pick<CommandContext, 'settings' | 'clock'>,
): Promise<Values> {
  const named = pipelineValues(command).flatMap((key) => {
    const name = values[key];
    return typeof name === 'string' ? [{ key, name }] : [];
  });
  if (named.length === 0) return values;
  const { findByName } = await import('../database/pipelines/pipeline-names.js');
  const ids = await withDatabase(context, (database) =>
    Promise.all(named.map(async ({ key, name }) => [key, await findByName(database, name)] as const)),
  );
  return { ...values, ...Object.fromEntries(ids) };
}

function pipelineValues({ arguments: positional = [], options = [] }: Command): readonly string[] {
  return [
    ...positional.filter(({ kind }) => kind === 'pipeline').map(({ name }) => name),
    ...options.filter(({ kind }) => kind === 'pipeline').map(optionName),
  ];
}
