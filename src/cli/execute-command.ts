import { systemClock } from '../runtime/clock.js';
import type { ExitCode } from '../runtime/errors.js';
import type { Lang } from '../runtime/lang.js';
import type { Logger } from '../runtime/logger.js';
import { SecretMask } from '../runtime/secrets.js';
import { loadSettings, type LoadedSettings, type MisspeltVariable } from '../settings/settings.js';
import { textsIn } from '../texts/texts.js';
import type { CommandIo } from './terminal/command-io.js';
import { createConsoleLogger } from './terminal/console-logger.js';
import type { CommandContext } from './context/context.js';
import { OpenedDatabases, withDatabase } from './context/opened-databases.js';
import { Output } from './terminal/output.js';
import { loadAll, type Command } from './command-line/command.js';
import { commandList } from './command-list.js';
import type { ParsedCommand } from './command-line/parse-command-line.js';
import { ServiceNotifier } from './context/service-notifier.js';
import { reportError } from './report-error.js';
import { Signals } from './context/signals.js';
import { listenForQuit } from './terminal/quit-key.js';
import { StatusLine } from './terminal/status-line.js';
import { StdoutClosedError } from './terminal/stdout-closed-error.js';
import { optionName } from './command-line/options.js';

type Values = Readonly<Record<string, unknown>>;

/** Runs a parsed command in a context of its own and returns its exit code; prints its error, where it has one. */
export async function executeCommand(parsed: ParsedCommand, io: CommandIo): Promise<ExitCode> {
  const secrets = new SecretMask();
  // Node would print such an error with its stack and whatever secrets are in it.
  const crash = (error: unknown): void => io.exit(reportError(error, io.stderr, { json: parsed.json, debug, secrets }));
  let debug = /^(debug|trace)$/i.test(String(parsed.flags['logLevel'] ?? io.env['LOG_LEVEL'] ?? ''));
  io.onCrash(crash);
  try {
    const loaded = loadSettings({ flags: parsed.flags, env: io.env, cwd: io.cwd, secrets, problems: parsed.problems });
    debug = /^(debug|trace)$/.test(loaded.settings.logLevel);
    return await runInContext(parsed, io, loaded, secrets);
  } catch (error) {
    if (error instanceof StdoutClosedError && error.hasReaderLeft) return 0;
    return reportError(error, io.stderr, { json: parsed.json, debug, secrets });
  } finally {
    io.offCrash(crash);
  }
}

async function runInContext(
  parsed: ParsedCommand,
  io: CommandIo,
  { settings, shown, variables, misspelt }: LoadedSettings,
  secrets: SecretMask,
): Promise<ExitCode> {
  const clock = systemClock;
  const statusLine = new StatusLine(io.stderr);
  const isDumb = io.env['TERM'] === 'dumb';
  const color = parsed.color && (io.env['NO_COLOR'] ?? '') === '' && !isDumb;
  const { json, quiet, wide } = parsed;
  const columns = columnsOf(io.env['COLUMNS']);
  const isTerminal = io.stderr.isTTY === true;
  const databases = new OpenedDatabases(settings, clock);
  const note = (text: string): void => statusLine.write(text);
  const { lang } = settings;
  const output = new Output({ stdout: io.stdout, note, json, quiet, color, isDumb, wide, columns, lang, secrets });
  const logger = createConsoleLogger({ settings, statusLine, isTerminal, color, quiet, clock, secrets });
  const signals = new Signals({ io, clock, logger, lang, graceful: parsed.command.stopsGracefully ?? false });
  warnOfMisspelt(logger, lang, misspelt);
  const { pid } = process;
  const context: CommandContext = {
    settings,
    shownSettings: shown,
    output,
    logger,
    statusLine: isTerminal && !quiet && !isDumb ? statusLine : undefined,
    clock,
    env: io.env,
    variables,
    cwd: io.cwd,
    signals,
    service: new ServiceNotifier({ env: io.env, pid, clock, logger, stopping: signals.stopping }),
    quitKey: () => listenForQuit(io),
    secrets,
    commands: () => loadAll(commandList),
    database: (options) =>
      databases.open({ warn: (text) => logger.log('warn', text, { event: 'database.log_long' }), ...options }),
  };
  try {
    const options = await resolvePipelines(parsed.command, parsed.options, context);
    // A command pairs its action with that by which its options were checked.
    return (await parsed.command.action?.(context, options as never)) ?? 0;
  } finally {
    await databases.close();
    signals.dispose();
    output.close();
    statusLine.finish();
  }
}

/** In a file of settings that is an error; of a variable nobody knows whom else it is for. */
function warnOfMisspelt(logger: Logger, lang: Lang, variables: readonly MisspeltVariable[]): void {
  for (const { origin, meant } of variables) {
    const message = textsIn(lang).commands.variableMisspelt(origin, meant);
    logger.log('warn', message, { event: 'settings.variable_misspelt', meant });
  }
}

/** As `ls` and `git` read it: what is no whole number from 1 on says nothing. */
function columnsOf(text: string | undefined): number | undefined {
  return /^[1-9]\d{0,4}$/.test(text ?? '') ? Number(text) : undefined;
}

/**
 * Returns a command's values with the id of each pipeline that was named. Throws NotFoundError where none has the name, and
 * UsageError where several have it.
 */
async function resolvePipelines(
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
