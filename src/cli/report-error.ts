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

/**
 * Prints an error for people, or as JSON, to a stream; returns the exit code that it stands for. Several problems are each an error of
 * its own, with its hint; as JSON they are one error, which lists them.
 */
export function reportError(error: unknown, stream: CommandStream, { json, debug, secrets }: ReportOptions): ExitCode {
  const known = error instanceof ChainparseError ? error : undefined;
  // Also where there is one: who reads them need not look at two places.
  const problems = error instanceof ProblemsError ? maskProblems(error, secrets) : undefined;
  const several = problems !== undefined && problems.length > 1 ? problems : null;
  const message = secrets.mask(oneLine(messageOf(error)));
  const hint = several !== null || known?.hint === undefined ? undefined : secrets.maskRemembered(oneLine(known.hint));
  const stack = debug && several === null ? secrets.mask(stackOf(error)) : undefined;
  const told = several?.map((problem) => ({ message: problemText(problem), hint: problem.hint })) ?? [
    { message, hint },
  ];
  const lines = told.flatMap((each) => [
    `error: ${each.message}`,
    ...(each.hint === undefined ? [] : [`hint: ${each.hint}`]),
  ]);
  stream.write(
    json
      ? `${printableJson(JSON.stringify({ error: { code: known?.code ?? 'FAILED', message, hint, problems, stack } }))}\n`
      : [...lines.map(printableLine), ...(stack === undefined ? [] : [printable(stack)])]
          .map((line) => `${line}\n`)
          .join(''),
  );
  return known?.exitCode ?? 1;
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
