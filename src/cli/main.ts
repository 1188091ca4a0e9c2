import { UsageError, type ExitCode } from '../runtime/errors.js';
import { SecretMask } from '../runtime/secrets.js';
import { processIo, type CommandIo } from './terminal/command-io.js';
import { commandList } from './command-list.js';
import { parseCommandLine, type ParsedCommand, type PrintedText } from './command-line/parse-command-line.js';
import { reportError } from './report-error.js';
import { version } from './context/version.js';

/**
 * Runs a command line, without the names of node and the script, and returns its exit code. Prints every error; throws
 * nothing.
 */
export async function run(argv: readonly string[], given?: CommandIo): Promise<ExitCode> {
  const json = argv.includes('--json');
  let io: CommandIo;
  try {
    io = given ?? processIo();
  } catch (error) {
    return reportError(error, process.stderr, { json, debug: false, secrets: new SecretMask() });
  }
  const ignoreClosedPipe = (): void => undefined;
  io.stderr.on('error', ignoreClosedPipe);
  io.stdout.on('error', ignoreClosedPipe);
  const report = (error: unknown): ExitCode =>
    reportError(error, io.stderr, { json, debug: false, secrets: new SecretMask() });
  let parsed: ParsedCommand | PrintedText;
  try {
    parsed = await parseCommandLine(commandList, argv, version());
  } catch (error) {
    return report(error);
  }
  if ('text' in parsed) {
    // People are shown what there is; a program is told that it was wrong.
    if (json && !parsed.wanted)
      return report(new UsageError('no command is given', { hint: 'add --help to see the commands' }));
    return await printText(parsed, json, io);
  }
  const { executeCommand } = await import('./execute-command.js');
  return await executeCommand(parsed, io);
}

async function printText(
  { kind, text, wanted }: PrintedText,
  json: boolean,
  { stdout, stderr }: CommandIo,
): Promise<ExitCode> {
  const shown = json ? `${JSON.stringify({ [kind]: kind === 'version' ? text.trimEnd() : text })}\n` : text;
  const failure = await new Promise<Error | null | undefined>((resolve) => void stdout.write(shown, resolve));
  if (failure && (failure as NodeJS.ErrnoException).code !== 'EPIPE') {
    return reportError(failure, stderr, { json, debug: false, secrets: new SecretMask() });
  }
  return wanted ? 0 : 2;
}
