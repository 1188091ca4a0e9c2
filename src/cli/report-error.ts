import { ChainparseError, ProblemsError, messageOf, problemText } from '../runtime/errors.js';
import type { ExitCode, Problem } from '../runtime/errors.js';
import { printable, printableJson, printableLine } from '../runtime/printable.js';
import type { SecretMask } from '../runtime/secrets.js';
import type { CommandStream } from './terminal/command-io.js';

export interface ReportOptions {
  readonly json: boolean;
  /** Print the stack too. */
  readonly debug: boolean;
  readonly secrets: SecretMask;
}

/** Prints an error for people, or as JSON, to a stream; returns the exit code that it stands for. */
export function reportError(error: unknown, stream: CommandStream, options: ReportOptions): ExitCode {
  if (error instanceof ProblemsError && error.problems.length > 1) return reportProblems(error, stream, options);
  const known = error instanceof ChainparseError ? error : undefined;
  const message = options.secrets.mask(oneLine(messageOf(error)));
  const hint = known?.hint === undefined ? undefined : options.secrets.maskRemembered(oneLine(known.hint));
  const stack = options.debug ? options.secrets.mask(stackOf(error)) : undefined;
  // Also where there is one: who reads them need not look at two places.
  const problems = error instanceof ProblemsError ? maskProblems(error, options.secrets) : undefined;
  stream.write(
    options.json
      ? `${printableJson(JSON.stringify({ error: { code: known?.code ?? 'FAILED', message, hint, problems, stack } }))}\n`
      : [
          printableLine(`error: ${message}`),
          ...(hint === undefined ? [] : [printableLine(`hint: ${hint}`)]),
          ...(stack === undefined ? [] : [printable(stack)]),
        ]
          .map((line) => `${line}\n`)
          .join(''),
  );
  return known?.exitCode ?? 1;
}

/** Each problem is an error of its own, with its hint; as JSON they are one error, which lists them. */
function reportProblems(error: ProblemsError, stream: CommandStream, { json, secrets }: ReportOptions): ExitCode {
  const { exitCode, code, message } = error;
  const shown = maskProblems(error, secrets);
  const lines = shown.flatMap((problem) => [
    `error: ${problemText(problem)}`,
    ...(problem.hint === undefined ? [] : [`hint: ${problem.hint}`]),
  ]);
  stream.write(
    json
      ? `${printableJson(JSON.stringify({ error: { code, message: secrets.mask(oneLine(message)), problems: shown } }))}\n`
      : lines.map((line) => `${printableLine(line)}\n`).join(''),
  );
  return exitCode;
}

function maskProblems({ problems }: ProblemsError, secrets: SecretMask): readonly Problem[] {
  return problems.map((problem) => ({
    ...problem,
    message: secrets.mask(oneLine(problem.message)),
    hint: problem.hint === undefined ? undefined : secrets.maskRemembered(oneLine(problem.hint)),
  }));
}

function oneLine(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  const line = lines.filter((part) => part !== '').join(' ');
  return line === '' ? 'something failed without saying why' : line;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return (error.stack ?? error.message) + cause;
}
